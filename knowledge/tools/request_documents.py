"""A copy of a document by mail: the example of a tool that changes something."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from knowledge.office import Office
from knowledge.tool import Bound, Change, tool

Document = Literal["policy", "conditions", "proof of insurance"]


class Order(BaseModel):
    document: Document


class Receipt(BaseModel):
    document: Document
    arrives_in_days: Annotated[int, Field(ge=0, le=60)]


@tool(
    instead=("policy-documents",),
    change=Change(
        asks={
            "en": "Shall I have a copy of {document} sent to the address in your file?",
            "es": "¿Pido que le envíen una copia de {document} a la dirección de su expediente?",
        },
        words={
            "en": {
                "policy": "your policy",
                "conditions": "your policy's conditions",
                "proof of insurance": "your proof of insurance",
            },
            "es": {
                "policy": "su póliza",
                "conditions": "las condiciones de su póliza",
                "proof of insurance": "su certificado de seguro",
            },
        },
    ),
)
async def request_documents(
    office: Bound[Office], policy_number: Bound[str], once: Bound[str], document: Document
) -> Receipt | None:
    """Has a paper copy of one of the caller's documents sent to the postal address on file."""
    order = Order(document=document)
    return await office.post(
        "policies", policy_number, "documents", body=order, gives=Receipt, once=once
    )
