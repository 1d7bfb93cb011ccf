"""Rules of sites: what a visitor of the city's pages sees that must not be so (Articles 13 to 17, 30). Pure."""

from __future__ import annotations

from collections.abc import Iterator

from netops.core.basis import Basis
from netops.core.finding import Conclusion, Rule, Severity, rule
from netops.core.language import N_
from netops.registers.site import DUTIES, HOME_DAYS, SHARE, CertificateSeen, Look

EXPIRING_DAYS = 30
CHANGED = 0.2
"""Less alike than this, a page is another one."""
RETITLED = 0.5
WEAK_RSA, WEAK_ECC = 2048, 224
WEAK_HASHES = ("md5", "sha1")


@rule(
    "RG-201", "site_unavailable", Severity.HIGH, Basis(14, duty="A14-1"),
    title=N_("{number} {name}: {share} of {visits} visits in a week failed"),
    because=N_("a page that does not open within 15 seconds in five of a hundred visits is a veto of the national indicators"),
)  # fmt: skip
def site_unavailable(look: Look) -> Iterator[Conclusion]:
    """
    A site did not open in too many visits of a week.

    What: of at least twenty visits a day over seven days, five of a hundred or more did not bring the page within 15 seconds.
    Why: who builds the portal keeps it running (Article 14); the national indicators make this a veto.
    Mend: find out why with who operates it; netops site show NUMBER lists when the visits failed.
    """
    if look.closed_share is not None and look.closed_share >= SHARE and look.kind in DUTIES:
        share = f"{look.closed_share:.1%}"
        body: dict[str, object] = {"visits": look.visits, "closed_share": round(look.closed_share, 4)}
        yield look.conclusion("RG-201", "", body, DUTIES[look.kind], share=share, visits=str(look.visits))


@rule(
    "RG-202", "site_down", Severity.MEDIUM, Basis(14, duty="A14-1"),
    title=N_("{number} {name} does not open"),
    because=N_("{url} was tried twice: {reason}"),
)  # fmt: skip
def site_down(look: Look) -> Iterator[Conclusion]:
    """
    A registered page does not open now.

    What: two tries in a row brought no page: no connection, no answer in time, or an error of the server.
    Why: sites, services and interfaces are there to be used (Articles 14, 20, 21, 25).
    Mend: tell who operates it; when it was moved, enter its new address (netops register edit).
    """
    if not look.is_open and look.kind in DUTIES:
        yield look.conclusion("RG-202", look.url, {"why": look.why}, DUTIES[look.kind], reason=look.why)


@rule(
    "RG-203", "stale_home", Severity.MEDIUM, Basis(16, duty="A16-1"),
    title=N_("{number} {name}: nothing new on the home page for {days} days"),
    because=N_("the newest day on it is {day}; after two weeks it counts as not updated"),
)  # fmt: skip
def stale_home(look: Look) -> Iterator[Conclusion]:
    """
    The home page of a site was not updated for two weeks.

    What: the newest day that stands on the page (or, without any, the last time that its content changed) is more than 14
        days ago.
    Why: disclosed information is kept up to date (Article 16); the national indicators make this a veto.
    Mend: publish what is due; a site that is no longer needed is closed and its record retired.
    """
    if (
        look.kind == "sites"
        and look.is_close
        and look.newest
        and (days := (look.today - look.newest).days) > HOME_DAYS
    ):
        yield look.conclusion(
            "RG-203",
            "",
            {"newest": look.newest.isoformat()},
            "A16-1",
            days=str(days),
            day=look.newest.isoformat(),
        )


@rule(
    "RG-204", "stale_column", Severity.MEDIUM, Basis(16, duty="A16-1"),
    title=N_("{number} {name}: the column {column} has had nothing new for {days} days"),
    because=N_("the newest day in it is {day}; it counts as stale after {limit} days"),
)  # fmt: skip
def stale_column(look: Look) -> Iterator[Conclusion]:
    """
    A column of a site was not updated in its time.

    What: the newest day in a registered column is older than two weeks (news) or six months (notices, policies), or than
        its own period.
    Why: disclosed information is kept up to date (Article 16).
    Mend: the column's responsible unit publishes what is due, or the column is closed and its record retired.
    """
    for one in look.columns:
        if one.newest and one.stale_days and (days := (look.today - one.newest).days) > one.stale_days:
            yield look.conclusion(
                "RG-204", one.number, {"column": one.number, "newest": one.newest.isoformat()}, "A16-1",
                organization=one.organization, url=one.url, column=one.name, days=str(days), day=one.newest.isoformat(),
                limit=str(one.stale_days),
            )  # fmt: skip


@rule(
    "RG-205", "empty_column", Severity.LOW, Basis(16, duty="A16-1"),
    title=N_("{number} {name}: the column {column} is empty"),
    because=N_("no item stands in it that is not on every page"),
)  # fmt: skip
def empty_column(look: Look) -> Iterator[Conclusion]:
    """
    A column of a site has nothing in it.

    What: the page of a registered column has neither a dated item nor a link of its own.
    Why: a column that is opened is filled (Article 16); five empty ones are a veto of the national indicators.
    Mend: fill it or close it, and retire its record.
    """
    for one in look.columns:
        if one.is_empty:
            yield look.conclusion(
                "RG-205",
                one.number,
                {"column": one.number},
                "A16-1",
                organization=one.organization,
                url=one.url,
                column=one.name,
            )


@rule(
    "RG-206", "dead_link", Severity.LOW, Basis(14, duty="A14-1"),
    title=N_("{number} {name}: {count} of {asked} links asked lead nowhere"),
    because=N_("the first of them is {target}"),
)  # fmt: skip
def dead_link(look: Look) -> Iterator[Conclusion]:
    """
    Links of a site lead nowhere.

    What: of a sample of the links on the home page, some do not answer or say that there is no such page.
    Why: who builds the portal keeps it in order (Article 14).
    Mend: mend or remove the links; netops finding show NUMBER lists every one that was found.
    """
    if look.dead:
        dead = [{"page": one.url, "target": one.target, "status": one.status} for one in look.dead]
        yield look.conclusion(
            "RG-206", "", {"asked": look.links_asked, "dead": dead}, "A14-1", count=str(len(dead)), asked=str(look.links_asked),
            target=look.dead[0].target,
        )  # fmt: skip


@rule(
    "RG-207", "late_publication", Severity.MEDIUM, Basis(16, duty="A16-2"),
    title=N_("{number} {name}: published {days} days after it arose"),
    because=N_("{url} arose on {formed} and was published on {published}; seven days are allowed"),
)  # fmt: skip
def late_publication(look: Look) -> Iterator[Conclusion]:
    """
    Information was published later than seven days after it arose or changed.

    What: between the day that a document was formed (as its page or the register of disclosures says) and the day of its
        publication (page, feed or sitemap) lie more than seven days.
    Why: information of the kinds in Article 16 is published within seven days.
    Mend: publish in time from now on; correct the day in the register of disclosures when it is wrong.
    """
    yield from _published(look, "RG-207", is_overdue=False)


@rule(
    "RG-208", "overdue_publication", Severity.MEDIUM, Basis(16, duty="A16-2"),
    title=N_("{number} {name}: published {days} days after it arose, beyond twenty working days"),
    because=N_("{url} arose on {formed} and was published on {published}"),
)  # fmt: skip
def overdue_publication(look: Look) -> Iterator[Conclusion]:
    """
    Information was published later than twenty working days after it arose or changed.

    What: as RG-207, and twenty working days were over as well (weekends, holidays and make-up days reckoned).
    Why: seven days by Article 16; twenty working days is the limit of 政府信息公开条例, Article 26.
    Mend: publish in time from now on; correct the day in the register of disclosures when it is wrong.
    """
    yield from _published(look, "RG-208", is_overdue=True)


def _published(look: Look, code: str, *, is_overdue: bool) -> Iterator[Conclusion]:
    """About every document that was published late, within or beyond the limit of national law."""
    for one in look.late:
        if one.is_overdue is is_overdue:
            formed, published = one.formed.isoformat(), one.published.isoformat()
            yield look.conclusion(
                code, one.url, {"formed": formed, "published": published}, "A16-2",
                url=one.url, days=str(one.days), formed=formed, published=published,
            )  # fmt: skip


@rule(
    "RG-209", "certificate_expired", Severity.MEDIUM, Basis(30, duty="A30-5"),
    title=N_("{number} {name}: its certificate ended on {day}"),
    because=N_("that was {days} days ago; {subject}, by {issuer}"),
)  # fmt: skip
def certificate_expired(look: Look) -> Iterator[Conclusion]:
    """
    The certificate that a site presents is over.

    What: its last day has passed: browsers warn visitors, or keep them out.
    Why: the level's digital certificates are one system that works (Article 30); the portal is kept in order (Article 14).
    Mend: install a new certificate, and enter it (netops register add certificates …).
    """
    one = look.certificate
    if one and one.days_left < 0:
        yield _presented(look, one, "RG-209", "A30-5", "A14-1", day=one.not_after.isoformat(), days=str(-one.days_left))


@rule(
    "RG-210", "certificate_expiring", Severity.LOW, Basis(30, duty="A30-5"),
    title=N_("{number} {name}: its certificate ends on {day}"),
    because=N_("that is in {days} days; {subject}, by {issuer}"),
)  # fmt: skip
def certificate_expiring(look: Look) -> Iterator[Conclusion]:
    """
    The certificate that a site presents will soon be over.

    What: its last day is less than 30 days away.
    Why: who renews in time is never without.
    Mend: install a new certificate, and enter it (netops register add certificates …).
    """
    one = look.certificate
    if one and 0 <= one.days_left < EXPIRING_DAYS:
        yield _presented(look, one, "RG-210", "A30-5", day=one.not_after.isoformat(), days=str(one.days_left))


@rule(
    "RG-211", "certificate_name", Severity.MEDIUM, Basis(30, duty="A30-5"),
    title=N_("{number} {name}: its certificate is for another name"),
    because=N_("{url} presents {subject}, whose names do not include its host"),
)  # fmt: skip
def certificate_name(look: Look) -> Iterator[Conclusion]:
    """
    The certificate that a site presents is not for its name.

    What: none of the names in the certificate is the host of the registered address.
    Why: a certificate proves a name (Article 30); with another one it proves nothing, and browsers keep visitors out.
    Mend: install one for this name, or enter the right address (netops register edit).
    """
    if look.certificate and not look.certificate.is_named:
        yield _presented(look, look.certificate, "RG-211", "A30-5")


@rule(
    "RG-212", "certificate_untrusted", Severity.MEDIUM, Basis(30, duty="A30-5"),
    title=N_("{number} {name}: its certificate is not trusted"),
    because=N_("{subject}, by {issuer}: {reason}"),
)  # fmt: skip
def certificate_untrusted(look: Look) -> Iterator[Conclusion]:
    """
    The chain of a certificate leads to no root that is trusted.

    What: it is signed by itself or by an unknown issuer, or the server leaves out a certificate in between. The system's
        roots are
        trusted, and those of [sites] ca_file.
    Why: the level's digital certificates are one system (Article 30).
    Mend: install the whole chain, or a certificate of the accredited issuer; put the city's own root into [sites] ca_file.
    """
    one = look.certificate
    if one and one.is_trusted is False:
        yield _presented(look, one, "RG-212", "A30-5", reason=one.why)


@rule(
    "RG-213", "certificate_weak", Severity.LOW, Basis(30, duty="A30-5"),
    title=N_("{number} {name}: its certificate is weak: {algorithm} {bits}, signed with {hash}"),
    because=N_("RSA needs 2048 bits, ECC 224; MD5 and SHA-1 signatures are broken"),
)  # fmt: skip
def certificate_weak(look: Look) -> Iterator[Conclusion]:
    """
    The key or the signature of a certificate is too weak.

    What: an RSA key under 2048 bits, an elliptic curve under 224, or a signature with MD5 or SHA-1. SM2 with SM3 is as it
        should be.
    Why: the level's digital certificates protect what passes (Article 30).
    Mend: have a new key and certificate issued, SM2 where the site's visitors can use it.
    """
    one = look.certificate
    if one is None:
        return
    small = (one.algorithm == "rsa" and one.bits < WEAK_RSA) or (
        one.algorithm == "ecc" and one.bits < WEAK_ECC
    )
    if small or one.signed_with in WEAK_HASHES:
        yield _presented(look, one, "RG-213", "A30-5", algorithm=one.algorithm.upper(), bits=str(one.bits), hash=one.signed_with)


def _presented(look: Look, one: CertificateSeen, code: str, *duties: str, **facts: str) -> Conclusion:
    """About the certificate that the site presents."""
    body: dict[str, object] = {
        "subject": one.subject, "issuer": one.issuer, "not_after": one.not_after.isoformat(), "algorithm": one.algorithm,
        "bits": one.bits, "signed_with": one.signed_with, "sha256": one.sha256,
    }  # fmt: skip
    return look.conclusion(code, look.url, body, *duties, subject=one.subject, issuer=one.issuer, **facts)


@rule(
    "RG-214", "page_changed", Severity.HIGH, Basis(14, duty="A14-1"),
    title=N_("{number} {name}: the home page is another one than before"),
    because=N_("{alike} of what stood there before is still there"),
)  # fmt: skip
def page_changed(look: Look) -> Iterator[Conclusion]:
    """
    The home page of a site changed as daily work does not change it.

    What: less than a fifth of the page as it was known is still there, or less than half under another title. The page as
        it was
        known stays the measure until somebody says that the new one is right.
    Why: who builds the portal keeps it safe (Article 14): a page put up by somebody else looks like this.
    Mend: look at the page; if it is right, netops site accept NUMBER; if not, take it off the network and open an incident.
    """
    if look.similarity is not None and (
        look.similarity < CHANGED or (look.title_changed and look.similarity < RETITLED)
    ):
        body: dict[str, object] = {
            "similarity": round(look.similarity, 3),
            "title_changed": look.title_changed,
        }
        yield look.conclusion("RG-214", "", body, "A14-1", alike=f"{look.similarity:.0%}")


@rule(
    "RG-215", "hidden_link", Severity.HIGH, Basis(14, duty="A14-1"),
    title=N_("{number} {name}: a hidden link leads to {host}"),
    because=N_("{url}, line {line}: kept out of sight by {reason}"),
)  # fmt: skip
def hidden_link(look: Look) -> Iterator[Conclusion]:
    """
    A page has links to foreign sites that its visitors cannot see.

    What: a link to a host that is neither ours nor of the state stands where styles, or a script that writes, keep it out
        of sight (暗链).
    Why: such links are put there by intruders to push other sites in search engines: the site was broken into (Articles
        14, 17).
    Mend: take the link out, find out how it came in, and open an incident; well-known hosts stand in
        watchlists/hidden-links.toml.
    """
    for one in look.hidden:
        body: dict[str, object] = {"page": one.url, "line": one.line, "host": one.host, "how": one.how}
        yield look.conclusion(
            "RG-215",
            f"{one.url} {one.host}",
            body,
            "A14-1",
            "A17-2",
            url=one.url,
            host=one.host,
            line=str(one.line),
            reason=one.how,
        )


@rule(
    "RG-216", "security_mark", Severity.CRITICAL, Basis(17, duty="A17-2"),
    title=N_("{number} {name}: a page bears a security mark"),
    because=N_("{url}, line {line}; what stands there is not kept, its fingerprint is {hash}"),
)  # fmt: skip
def security_mark(look: Look) -> Iterator[Conclusion]:
    """
    A public page bears a security mark.

    What: a mark such as documents bear (with a star and a term, as a field, or alone in its place) stands on a public
        page. The word in a
        sentence is none. netops keeps the place and a fingerprint, never the text.
    Why: state secrets must not be on public networks (Article 17; 保守国家秘密法).
    Mend: take the page off at once, tell the secrecy office, keep nothing and forward nothing.
    """
    for one in look.marks:
        yield look.conclusion(
            "RG-216", f"{one.url} {one.hash}", {"page": one.url, "line": one.line, "fingerprint": one.hash}, "A17-2", url=one.url,
            line=str(one.line), hash=one.hash,
        )  # fmt: skip


@rule(
    "RG-217", "identity_number", Severity.HIGH, Basis(17, duty="A17-2"),
    title=N_("{number} {name}: a page shows {count} identity numbers"),
    because=N_("{url}, line {line}; no number is kept, the first one's fingerprint is {hash}"),
)  # fmt: skip
def identity_number(look: Look) -> Iterator[Conclusion]:
    """
    A public page shows whole identity numbers.

    What: numbers of eighteen digits with a place, a day of birth and a right check digit (GB 11643) stand unmasked on a
        public page. netops
        keeps their places and fingerprints, never a number.
    Why: personal information must not be published (Article 17).
    Mend: mask the numbers, and have search engines forget the page.
    """
    for url in dict.fromkeys(one.url for one in look.identities):
        here = [one for one in look.identities if one.url == url]
        spots = [{"line": one.line, "fingerprint": one.hash} for one in here]
        yield look.conclusion(
            "RG-217",
            url,
            {"page": url, "spots": spots},
            "A17-2",
            url=url,
            count=str(len(here)),
            line=str(here[0].line),
            hash=here[0].hash,
        )


@rule(
    "RG-218", "unregistered_site", Severity.LOW, Basis(13, duty="A13-1"),
    title=N_("{host} is in no register of sites"),
    because=N_("{reason} names it"),
)  # fmt: skip
def unregistered_site(look: Look) -> Iterator[Conclusion]:
    """
    A name under the city's domains is in no register.

    What: a certificate, a link or a zone names a host under one of [sites] domains that no record of sites, services or
        interfaces has.
    Why: the portal is one main site with sub-sites that are all known (Article 13).
    Mend: netops register add sites organization=CODE name=… url=…, or have the name removed.
    """
    for host, source in look.strangers:
        yield look.conclusion(
            "RG-218", host, {"host": host, "source": source}, "A13-1", url=host, host=host, source=source
        )


@rule(
    "RG-219", "inward_redirect", Severity.MEDIUM, Basis(14, duty="A14-1"),
    title=N_("{number} {name} sends visitors to an address that was refused"),
    because=N_("{start} leads to {target}: {reason}"),
)  # fmt: skip
def inward_redirect(look: Look) -> Iterator[Conclusion]:
    """
    A page leads its visitors where netops does not follow: inside the networks.

    What: the page, or a link that was asked, redirects to an address inside the networks, or its name leads there.
    Why: nothing on the internet may point at the inside of the networks; a probe that followed would be used by others
        (Article 14).
    Mend: mend the redirect or the name; a site that really stands there is entered with its address (netops register edit).
    """
    for start, target in look.inward:
        yield look.conclusion(
            "RG-219", f"{start} {target}", {"start": start, "target": target}, "A14-1", url=start, start=start, target=target,
            reason=N_("its name leads to an address inside"),
        )  # fmt: skip


SEEN: dict[str, Rule] = {
    one.code: one
    for one in (
        site_unavailable, site_down, stale_home, stale_column, empty_column, dead_link, late_publication, overdue_publication,
        certificate_expired, certificate_expiring, certificate_name, certificate_untrusted, certificate_weak, page_changed,
        hidden_link, security_mark, identity_number, unregistered_site, inward_redirect,
    )
}  # fmt: skip
"""What is asked of a look at a site."""
VISITED = ("RG-201", "RG-202")
"""Those that a mere visit answers; the others need a close look."""
