"""The tools that the model may use: a file each, and a line each here."""

from knowledge.tool import Tool
from knowledge.tools.claim_status import claim_status
from knowledge.tools.identify import identify
from knowledge.tools.policy_overview import policy_overview
from knowledge.tools.request_documents import request_documents

TOOLS: tuple[Tool, ...] = (identify, claim_status, policy_overview, request_documents)
