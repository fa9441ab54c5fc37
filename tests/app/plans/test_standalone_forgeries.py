"""Files by someone with a trusted key in which a viewer shows or does what the stand-alone verifier does not read."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from app.plans.pdf_revision import with_signature_fields
from app.plans.verification import verify_plan
from dosimetry_core.report import typeset_plan
from tests.app.plans.rebuilt_pdf import content_of, first_page, number_of, objects_of, rebuilt, stream_object
from tests.app.plans.standalone import refusal
from tests.app.signing_examples import physicist, sealed, trusted
from tests.plan_examples import entered_results, record_of

Objects = dict[int, bytes]
_WHITE = b"\n1 g 50 600 300 80 re f"
_SCRIPT = b"/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>"
_CONTENTS = re.compile(rb"/Contents (\d+) 0 R")


def _in_catalogue(objects: Objects, entries: bytes) -> Objects:
    number = number_of(objects, rb"/Type\s*/Catalog")
    return {number: objects[number].replace(b"/Type/Catalog", b"/Type/Catalog" + entries)}


def script_in_what_is_called_an_attachment(objects: Objects) -> Objects:
    return _in_catalogue(objects, b"/X/EmbeddedFile" + _SCRIPT)


def script_between_comments_that_look_like_a_string(objects: Objects) -> Objects:
    return _in_catalogue(objects, b"\n% (\n" + _SCRIPT + b"\n% )\n")


def _other_page(objects: Objects, shown: bytes) -> Objects:
    """Page 1 with other contents; the verifier is to find those of the honest page."""
    page, added = first_page(objects), max(objects) + 1
    number, content = content_of(objects, page)
    words = objects[page].replace(b"/Contents %d 0 R" % number, shown % {b"shown": added, b"read": number})
    return {added: stream_object(content + _WHITE), page: words}


def contents_that_are_read_stand_in_a_string(objects: Objects) -> Objects:
    return _other_page(objects, b"/Contents  %(shown)d 0 R/Y(/Contents %(read)d 0 R)")


def contents_that_are_read_stand_in_another_entry(objects: Objects) -> Objects:
    return _other_page(objects, b"/Contents[%(shown)d 0 R]/Y<</Contents %(read)d 0 R>>")


def contents_that_are_read_follow_the_end_of_the_page(objects: Objects) -> Objects:
    changed = _other_page(objects, b"/Contents  %(shown)d 0 R")
    page = first_page(objects)
    return changed | {page: changed[page].strip() + b" endobj " + _CONTENTS.search(objects[page])[0]}  # type: ignore[index]


def contents_that_go_on_after_their_end(objects: Objects) -> Objects:
    number, content = content_of(objects, first_page(objects))
    return {number: stream_object(content + b"\nendstream\nendobj" + _WHITE)}


def glyphs_in_two_halves(objects: Objects) -> Objects:
    """A viewer reads each string by itself: these are no zeros and ones."""
    number, content = content_of(objects, first_page(objects))
    font = re.search(rb"/\w+ [\d.]+ Tf", content)
    assert font is not None
    return {number: stream_object(content + b"\nBT" + font[0] + b" 1 0 0 1 60 600 Tm[<00><01>]TJ ET")}


FORGERIES = (
    script_in_what_is_called_an_attachment,
    script_between_comments_that_look_like_a_string,
    contents_that_are_read_stand_in_a_string,
    contents_that_are_read_stand_in_another_entry,
    contents_that_are_read_follow_the_end_of_the_page,
    contents_that_go_on_after_their_end,
    glyphs_in_two_halves,
)


def _signed(pdf: bytes) -> bytes:
    return sealed(with_signature_fields(pdf), physicist())


def _honest() -> bytes:
    results = entered_results()
    return typeset_plan(results, record_of(results))


def test_that_a_plan_that_is_only_written_anew_is_accepted_by_the_stand_alone_verifier() -> None:
    """Without this, a forgery might be refused for how it was built."""
    assert refusal(_signed(rebuilt(_honest(), {})), trusted()) is None


@pytest.mark.parametrize("forge", FORGERIES, ids=lambda forge: forge.__name__)
def test_that_both_verifiers_refuse_what_a_viewer_would_show_or_do_otherwise(
    forge: Callable[[Objects], Objects],
) -> None:
    forged = _signed(rebuilt(_honest(), forge(objects_of(_honest()))))
    assert refusal(forged, trusted()) is not None
    assert not verify_plan(forged, trust=trusted()).accepted


def test_that_the_pages_are_read_that_the_trailer_leads_to() -> None:
    """The honest catalogue stays in the file, before the one that a viewer follows."""
    honest = _honest()
    objects = objects_of(honest)
    catalogue, pages = (number_of(objects, kind) for kind in (rb"/Type\s*/Catalog", rb"/Type\s*/Pages"))
    page, (contents, _) = first_page(objects), content_of(objects, first_page(objects))
    root, tree, shown, painted, allowed = (max(objects) + number for number in range(1, 6))
    forged = {
        root: objects[catalogue].replace(b"/Pages %d 0 R" % pages, b"/Pages %d 0 R" % tree),
        tree: objects[pages].replace(b"[%d 0 R" % page, b"[%d 0 R" % shown),
        shown: objects[page].replace(b"/Contents %d 0 R" % contents, b"/Contents %d 0 R" % painted),
        painted: stream_object(_WHITE),
        allowed: b"<</P 2>>",
        catalogue: objects[catalogue].replace(b"/Type/Catalog", b"/Type/Catalog/Perms<</DocMDP %d 0 R>>" % allowed),
    }
    assert all(forged[number] != objects[old] for number, old in ((root, catalogue), (tree, pages), (shown, page)))
    pdf = rebuilt(honest, forged).replace(b"/Root %d 0 R" % catalogue, b"/Root %d 0 R" % root)
    assert refusal(_signed(pdf), trusted()) is not None
