"""Changes to a plan's PDF, each appended as one more revision."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any, Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

Change = Callable[[IncrementalPdfFileWriter], None]


def appended(pdf: bytes, change: Change) -> bytes:
    """The file with one more revision."""
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    change(writer)
    output = BytesIO()
    writer.write(output)
    return output.getvalue()


def _page(writer: IncrementalPdfFileWriter) -> Any:
    reference, _ = writer.find_page_for_modification(0)
    writer.mark_update(reference)
    return reference.get_object()


def repaint(writer: IncrementalPdfFileWriter) -> None:
    """Another content of page 1."""
    _page(writer)["/Contents"] = writer.add_object(generic.StreamObject(stream_data=b"0 0 100 100 re f"))


def annotate(writer: IncrementalPdfFileWriter) -> None:
    """A note over the activity."""
    entries = {
        "/Type": pdf_name("/Annot"),
        "/Subtype": pdf_name("/FreeText"),
        "/Rect": generic.ArrayObject([generic.NumberObject(n) for n in (60, 600, 300, 680)]),
        "/Contents": generic.pdf_string("7.40 GBq"),
    }
    page = _page(writer)
    page["/Annots"].append(writer.add_object(generic.DictionaryObject({pdf_name(k): v for k, v in entries.items()})))
    writer.update_container(page["/Annots"])


def attach_again(writer: IncrementalPdfFileWriter) -> None:
    """A second attachment of the same name."""
    names: Any = writer.root["/Names"]["/EmbeddedFiles"]["/Names"]
    names.append(names[0])
    names.append(names[1])
    writer.update_container(names)


def swap_attachment(writer: IncrementalPdfFileWriter) -> None:
    """Another content of plan.json."""
    specification: Any = writer.root["/Names"]["/EmbeddedFiles"]["/Names"][1]
    stream = writer.add_object(generic.StreamObject(stream_data=b"{}"))
    specification["/EF"]["/F"] = specification["/EF"]["/UF"] = stream
    writer.update_container(specification["/EF"])


def run_script(writer: IncrementalPdfFileWriter) -> None:
    """A script when the file is opened."""
    script = {pdf_name("/S"): pdf_name("/JavaScript"), pdf_name("/JS"): generic.pdf_string("app.alert(1)")}
    writer.root["/OpenAction"] = generic.DictionaryObject(script)
    writer.update_root()


def fill_field(writer: IncrementalPdfFileWriter) -> None:
    """A text field with a value, over the page."""
    entries = {
        "/Type": pdf_name("/Annot"), "/Subtype": pdf_name("/Widget"), "/FT": pdf_name("/Tx"),
        "/T": generic.pdf_string("activity"), "/V": generic.pdf_string("7.40 GBq"),
        "/Rect": generic.ArrayObject([generic.NumberObject(n) for n in (60, 600, 300, 680)]),
    }  # fmt: skip
    entry = writer.add_object(generic.DictionaryObject({pdf_name(key): value for key, value in entries.items()}))
    form: Any = writer.root["/AcroForm"]
    form["/Fields"].append(entry)
    writer.update_container(form["/Fields"])
    page = _page(writer)
    page["/Annots"].append(entry)
    writer.update_container(page["/Annots"])


def hide_layer(writer: IncrementalPdfFileWriter) -> None:
    """An optional layer that a viewer may show or hide."""
    layer = {pdf_name("/Type"): pdf_name("/OCG"), pdf_name("/Name"): generic.pdf_string("activity")}
    group = writer.add_object(generic.DictionaryObject(layer))
    both = {"/OCGs": generic.ArrayObject([group]), "/D": generic.DictionaryObject()}
    properties = generic.DictionaryObject({pdf_name(key): value for key, value in both.items()})
    writer.root["/OCProperties"] = properties
    writer.update_root()


def rename_in_metadata(writer: IncrementalPdfFileWriter) -> None:
    """Another patient in the metadata."""
    metadata: Any = writer.root["/Metadata"]
    metadata._data = metadata.data.replace(b"DEMO-001", b"DEMO-002")
    metadata._encoded_data = None
    writer.update_container(metadata)


CHANGES: Final[Mapping[str, Change]] = {
    "redrawn page": repaint,
    "annotation over the page": annotate,
    "attachment swapped": swap_attachment,
    "attachment added with the same name": attach_again,
    "script added": run_script,
    "form field added and filled": fill_field,
    "optional content added": hide_layer,
    "metadata rewritten": rename_in_metadata,
}
