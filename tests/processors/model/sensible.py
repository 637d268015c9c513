"""A simulated model that uses tools as a good one does, and says what their results say."""

from typing import Any

import orjson

from agent.simulators.acting import Call, Messages, text_of

WHO = {"policy_number": "A B one two three four five six seven", "date_of_birth": "1980-03-03"}
BOTH = "For that I need your policy number and your date of birth, please."
SEND = "Shall I have a copy of your policy sent to the address in your file?"


def last_result(messages: Messages) -> dict[str, Any]:
    """The tool's result that the model answers from; {} where it answers the caller."""
    if messages[-1]["role"] != "tool":
        return {}
    result: dict[str, Any] = orjson.loads(messages[-1]["content"])
    return result


def sensible(messages: Messages, offered: frozenset[str]) -> Call | None:
    """A good model: identifies the caller first, then looks up what was asked for."""
    said = [text_of(message).lower() for message in messages if message["role"] == "user"]
    result = last_result(messages)
    if result and result["note"].startswith("The caller is identified"):
        return wanted(said[-2:], offered)
    if result:
        return None
    if "identify" in offered:
        given = dict(WHO) if "one two three" in said[-1] else {}
        if "[date of birth]" in said[-1]:  # masked: it goes to the tool as it is
            given["date_of_birth"] = "[date of birth]"
        wrong = {**WHO, "date_of_birth": "1981-03-03"} if "wrong" in said[-1] else {}
        own = any(word in said[-1] for word in ("claim", "policy", "copy", "one two", "wrong"))
        return Call("identify", wrong or given) if own else None
    return wanted(said[-1:], offered)


def wanted(said: list[str], offered: frozenset[str]) -> Call | None:
    for text in said:
        if "copy" in text and "request_documents" in offered:
            return Call("request_documents", {"document": "policy"})
        if "claim" in text and "claim_status" in offered:
            return Call("claim_status", {"policy_number": "CD-7654321"})
    return None


def honest(messages: Messages) -> str:
    """Says what the tool's result says."""
    result = last_result(messages)
    match result.get("status"):
        case "done" if isinstance(result.get("data"), list):
            return f"Your claim is {result['data'][0]['status']}."
        case "done":
            return "That is done."
        case "failed":
            return "I am sorry, I cannot look that up right now."
        case "nothing":
            return "I could not find that. Please say both again."
        case _:
            return "What else can I do for you?"
