"""Messages out of netops (通知): by Apprise to mail and messengers, or as JSON to a webhook; only where configured."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from typing import Any

from netops.core.errors import NetopsError

TIMEOUT_SECONDS = 10.0
MOST_BYTES = 256 << 20


def send(address: str, title: str, text: str) -> None:
    """
    Send a message to an address as Apprise writes it: mailtos://…, dingtalk://…, wecombot://…, feishu://…

    Raises:
        NetopsError: Apprise is not installed, does not understand the address, or the other side did not take it.
    """
    try:
        import apprise
    except ImportError as error:
        raise NetopsError("nothing was sent", "Apprise is not installed", "pip install 'netops[notify]'") from error
    service = apprise.Apprise()
    if not service.add(address):
        raise NetopsError("nothing was sent", "the address of the channel is not understood",
                          "write it as Apprise does, such as dingtalk://SECRET@TOKEN")  # fmt: skip
    if not service.notify(title=title, body=text, body_format=apprise.NotifyFormat.TEXT):
        raise NetopsError("nothing was sent", "the other side did not take it", "check the address, the key and the way there")


def post(url: str, payload: dict[str, Any], token: str = "") -> None:
    """
    Post a JSON object to a webhook.

    Raises:
        NetopsError: it could not be reached, or answered otherwise than with 2xx.
    """
    headers = {"Content-Type": "application/json", "User-Agent": "netops"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    body = json.dumps(payload, ensure_ascii=False).encode()
    request = urllib.request.Request(url, body, headers, method="POST")  # noqa: S310 - the configuration allows http and https only
    try:
        with _OPENER.open(request, timeout=TIMEOUT_SECONDS):
            return
    except (OSError, ValueError, urllib.error.URLError) as error:
        raise NetopsError("nothing was sent", "{reason}", "check the address and the way there", reason=error) from error


def ask(url: str, body: bytes, token: str, language: str, seconds: float, ca_file: str = "") -> tuple[int, bytes]:
    """
    Post JSON to another netops: the status, and what it answers.

    Args:
        ca_file: PEM of the authority that its certificate is from; the system's without one.

    Raises:
        NetopsError: it could not be reached, or is not who it should be.
    """
    import ssl

    what, mend = "nothing was asked", "check --server, the way there, and NETOPS_CA"
    headers = {"Content-Type": "application/json", "User-Agent": "netops", "Accept-Language": language,
               "Authorization": f"Bearer {token}"}  # fmt: skip
    try:
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"{url}: http:// or https://")
        context = ssl.create_default_context(cafile=ca_file or None)
        opener = urllib.request.build_opener(
            NoDetour, urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        request = urllib.request.Request(url, body, headers, method="POST")  # noqa: S310 - checked above
        with opener.open(request, timeout=seconds) as answer:
            return int(answer.status), answer.read(MOST_BYTES)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(MOST_BYTES)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise NetopsError(what, "{reason}", mend, reason=getattr(error, "reason", error)) from error


class NoDetour(urllib.request.HTTPRedirectHandler):
    """A webhook that points elsewhere is not followed: news goes where somebody configured it."""

    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        """Never."""


_OPENER = urllib.request.build_opener(NoDetour, urllib.request.ProxyHandler({}))
