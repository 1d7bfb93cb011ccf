"""A running city of the lab, with a netops in its management namespace; also what the lab needs to run at all."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RESTART_EXPORTERS = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from citylab import build, net, plan
lab = net.Lab(plan.City(Path(sys.argv[2])), Path(sys.argv[3]))
for node in lab.city.managed():
    build.ports_changed(lab, node.id)
"""
SETTLE_SECONDS = 15
"""LLDP shows a neighbour 5 to 10 s after its cable."""


class LiveCity:
    """
    A running city of the lab.

    Args:
        lab: the lab's folder.
        folder: a folder of our own for its file, its state and netops' own things.
        described: the city's file; the lab's default city without one.
    """

    def __init__(self, lab: Path, folder: Path, described: Path | None = None) -> None:
        self.lab, self.folder = lab, folder
        self.prefix = f"t{os.getpid() % 10000}-"
        text = (described or lab / "xiangtan.toml").read_text("utf-8")
        ours = re.sub(r'^prefix = "[^"]*"', f'prefix = "{self.prefix}"', text, count=1, flags=re.MULTILINE)
        (folder / "city.toml").write_text(ours, "utf-8")
        self.config = folder / "netops" / "config.toml"
        self.serving: subprocess.Popen[bytes] | None = None

    def city(self, *verb: str) -> str:
        """What `city VERB` prints."""
        done = subprocess.run([sys.executable, self.lab / "city", "--city", self.folder / "city.toml", "--state",
                               self.folder / "state", *verb], capture_output=True, text=True)
        assert done.returncode == 0, f"city {' '.join(verb)}: {done.stderr}"
        return done.stdout

    def netops(self, *verb: str) -> subprocess.CompletedProcess[str]:
        """Run a command of netops on the city's store."""
        return subprocess.run([sys.executable, "-m", "netops", "-c", self.config, *verb],
                              capture_output=True, text=True, cwd=ROOT)

    def convert(self) -> None:
        """The city's paper becomes our inventory and configuration."""
        paper = self.folder / "paper.json"
        paper.write_text(self.city("declared"), "utf-8")
        subprocess.run([sys.executable, HERE / "from_paper.py", paper, self.config.parent], check=True, capture_output=True)

    def serve(self) -> None:
        """Start `netops serve` in the management namespace, and the exporters anew: their templates come at their start."""
        with (self.folder / "serve.log").open("wb") as log:
            self.serving = subprocess.Popen(
                ["ip", "netns", "exec", f"{self.prefix}mgmt", sys.executable, "-m", "netops", "-c", self.config, "serve"],
                stdout=log, stderr=log, cwd=ROOT)
        self.wait_for_collector()
        subprocess.run([sys.executable, "-c", RESTART_EXPORTERS, self.lab, self.folder / "city.toml", self.folder / "state"],
                       check=True)

    def wait_for_collector(self) -> None:
        """Return when somebody listens for flows in the management namespace, on the port of the configuration."""
        listen: str = tomllib.loads(self.config.read_text("utf-8"))["flows"]["listen"][0]
        port = f":{int(listen.rpartition(':')[2]):04X} "
        for _ in range(60):
            assert self.serving is not None
            assert self.serving.poll() is None, (self.folder / "serve.log").read_text()
            heard = subprocess.run(["ip", "netns", "exec", f"{self.prefix}mgmt", "cat", "/proc/net/udp"],
                                   capture_output=True, text=True).stdout
            if port in heard:
                return
            time.sleep(0.5)
        raise AssertionError(f"netops does not listen for flows:\n{(self.folder / 'serve.log').read_text()}")

    def standing(self) -> list[dict[str, Any]]:
        """Findings that stand now."""
        done = self.netops("finding", "list", "--json")
        assert done.returncode in (0, 1, 3), done.stderr
        (self.folder / "findings.json").write_text(done.stdout, "utf-8")
        return self.found()

    def score(self) -> tuple[bool, str]:
        """Hold the findings against the truth: perfect or not, and the lines."""
        (self.folder / "truth.json").write_text(self.city("truth"), "utf-8")
        self.standing()
        done = subprocess.run([sys.executable, self.lab / "score", self.folder / "truth.json", self.folder / "findings.json"],
                              capture_output=True, text=True)
        return done.returncode == 0, done.stdout

    @property
    def name(self) -> str:
        """What the city calls itself."""
        return str(tomllib.loads((self.folder / "city.toml").read_text("utf-8"))["name"])

    def scenarios(self) -> list[str]:
        """Names of everything that its file has a place for."""
        told = tomllib.loads((self.folder / "city.toml").read_text("utf-8"))["scenarios"]
        return ["quiet", *told]

    def truths(self) -> list[Path]:
        """What each scenario broke, as the lab wrote it down."""
        return sorted((self.folder / "state" / self.name / "truth").glob("*.json"))

    def answers(self, expected: dict[str, Any], finding: dict[str, Any]) -> bool:
        """Whether the lab's score would count a finding as this expectation's."""
        truth = {"expect": [expected]}
        asked = [self.folder / "one-truth.json", self.folder / "one-finding.json"]
        for path, content in zip(asked, (truth, {"items": [finding]}), strict=True):
            path.write_text(json.dumps(content), "utf-8")
        done = subprocess.run([sys.executable, self.lab / "score", *asked], capture_output=True, text=True)
        return done.stdout.startswith("found")

    def found(self) -> list[dict[str, Any]]:
        """The findings that were scored last."""
        items: list[dict[str, Any]] = json.loads((self.folder / "findings.json").read_text("utf-8"))["items"]
        return [item for item in items if item["state"] not in ("resolved", "accepted")]

    def end_serving(self) -> None:
        """End `netops serve`, when it runs."""
        if self.serving is not None and self.serving.poll() is None:
            self.serving.send_signal(signal.SIGINT)
            try:
                self.serving.wait(15)
            except subprocess.TimeoutExpired:
                self.serving.kill()
                self.serving.wait()

    def down(self) -> None:
        """End everything that was started, and only that."""
        self.end_serving()
        self.city("down")


def missing(lab: Path) -> str:
    """Why the lab city cannot run here, or ""."""
    if os.geteuid() != 0:
        return "the lab city needs root"
    if not (lab / "city").exists():
        return "the lab is not beside this checkout"
    if subprocess.run(["unshare", "--net", "--mount", "true"], capture_output=True).returncode:
        return "this machine allows no network namespaces"
    asked = "import sys; sys.path.insert(0, sys.argv[1]); from citylab.build import missing_packages as m; print(*m())"
    packages = subprocess.run([sys.executable, "-c", asked, lab], capture_output=True, text=True, check=True).stdout.strip()
    return f"apt-get install -y --no-install-recommends {packages}" if packages else ""
