"""A signed plan as an Encapsulated PDF, its bytes untouched."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.uid import EncapsulatedPDFStorage

from dosimetry_core.dicom_export.objects import ExportFacts, code, date_of, items, new_object, time_of


def encapsulated_pdf(facts: ExportFacts, content: bytes, *, title: str) -> Dataset:
    """Encapsulated PDF object of a document; its length is kept, for documents of an odd number of bytes.

    Raises
    ------
    ValueError
        If the content is no PDF.
    """
    if not content.startswith(b"%PDF-"):
        raise ValueError("the content is no PDF")
    dataset = new_object(
        facts, EncapsulatedPDFStorage, "DOC", kind="PDF", number=7010, description="Plan of the next cycle"
    )
    dataset.ConversionType = "WSD"
    dataset.ContentDate, dataset.ContentTime = date_of(facts.made_at), time_of(facts.made_at)
    dataset.AcquisitionDateTime = f"{facts.made_at:%Y%m%d%H%M%S.%f%z}"
    dataset.BurnedInAnnotation = "YES"
    dataset.DocumentTitle = title
    dataset.ConceptNameCodeSequence = items(code("18748-4", "LN", "Diagnostic Imaging Report"))
    dataset.MIMETypeOfEncapsulatedDocument = "application/pdf"
    dataset.EncapsulatedDocumentLength = len(content)
    dataset.EncapsulatedDocument = content + b"\0" * (len(content) % 2)
    return dataset


def document_of(dataset: Dataset) -> bytes:
    """The document inside an Encapsulated PDF, without the byte that fills an odd length."""
    content = bytes(dataset.EncapsulatedDocument)
    length = dataset.get("EncapsulatedDocumentLength")
    return content if length is None else content[: int(length)]
