"""Pinecone on the wire: indexes are made and deleted, vectors written and found by cosine.

https://docs.pinecone.io/reference/api/introduction; an index's own address is a path of this one.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from aiohttp import web

from agent.simulators.server import Behaviour, Fault, Simulator
from agent.simulators.vectorspace import Refused, VectorSpace

PAGE = 100
"""Ids that are listed at once, at most."""
MOST = 1000
"""Vectors or ids in a request, at most."""
_SCHEMAS = "2026-07"
"""The version of the API from which an index is told as a schema of fields."""

Body = dict[str, Any]


class Pinecone(Simulator):
    """`url` is what PINECONE_CONTROLLER_HOST takes, `host(name)` is for PINECONE_HOST."""

    def __init__(
        self,
        *,
        keys: frozenset[str] | None = None,
        port: int = 0,
        behaviour: Behaviour | None = None,
    ) -> None:
        """`keys` that are accepted; None: any."""
        super().__init__(port=port, behaviour=behaviour or Behaviour())
        self.indexes: dict[str, VectorSpace] = {}
        self.versions: list[str] = []
        """Of the API, as requests named them."""
        self.asked: list[str] = []
        """What was asked for, as method and path, in order."""
        self._keys = keys

    def host(self, index: str) -> str:
        return f"{self.url}/index/{index}"

    def routes(self) -> list[web.RouteDef]:
        data = "/index/{index}"
        return [
            web.get("/indexes", self._guarded(self._list)),
            web.post("/indexes", self._guarded(self._create)),
            web.get("/indexes/{index}", self._guarded(self._describe)),
            web.delete("/indexes/{index}", self._guarded(self._delete)),
            web.post(f"{data}/vectors/upsert", self._guarded(self._upsert)),
            web.post(f"{data}/vectors/delete", self._guarded(self._forget)),
            web.get(f"{data}/vectors/fetch", self._guarded(self._fetch)),
            web.get(f"{data}/vectors/list", self._guarded(self._ids)),
            web.post(f"{data}/query", self._guarded(self._query)),
            web.post(f"{data}/describe_index_stats", self._guarded(self._stats)),
        ]

    def _guarded(
        self, answer: Callable[[web.Request, Body], tuple[int, Body]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """`answer` behind the key and the fault that is being simulated."""

        async def respond(request: web.Request) -> web.StreamResponse:
            if refused := self._refused(request):
                return refused
            with self.counted():
                raw = await request.read()
                await self.pause(request, self.latency)
                match self.behaviour.fault:
                    case Fault.GARBAGE:
                        page = "<html>upstream connect error</html>"
                        return web.Response(text=page, content_type="text/html")
                    case Fault.EMPTY:
                        return _json(200, {})
                try:
                    status, told = answer(request, _body(raw))
                except Refused as refusal:
                    return _error(request, refusal.status, str(refusal))
                if self.behaviour.fault is Fault.DROP:
                    return await _half(request, orjson.dumps(told))
                return _json(status, told)
            return web.Response()  # to nobody

        return respond

    def _refused(self, request: web.Request) -> web.Response | None:
        how = self.behaviour
        self.seen.requests += 1
        key = request.headers.get("Api-Key", "")
        self.seen.keys.append(key)
        self.versions.append(request.headers.get("X-Pinecone-Api-Version", ""))
        self.asked.append(f"{request.method} {request.path}")
        if how.fault is Fault.REFUSE and request.transport is not None:
            request.transport.abort()  # the port is closed, but this connection was open before
        wrong = not key or (self._keys is not None and key not in self._keys)
        if wrong or how.fault is Fault.DENIED:
            return web.Response(status=401, text="Invalid API Key")
        if how.fault in {Fault.LIMITED, Fault.BROKEN}:
            response = _error(request, int(how.fault), "as simulated")
            if how.fault is Fault.LIMITED and how.retry_after > 0:
                response.headers["Retry-After"] = f"{how.retry_after:g}"
            return response
        return None

    def _list(self, request: web.Request, _body: Body) -> tuple[int, Body]:
        return 200, {"indexes": [self._told(request, name) for name in self.indexes]}

    def _describe(self, request: web.Request, _body: Body) -> tuple[int, Body]:
        self._named(request)
        return 200, self._told(request, request.match_info["index"])

    def _create(self, request: web.Request, body: Body) -> tuple[int, Body]:
        name = body.get("name")
        if not isinstance(name, str) or not name:
            raise Refused(400, "expected 'name'")
        if name in self.indexes:
            raise Refused(409, "Resource already exists")
        field = _dense(body)
        try:
            self.indexes[name] = VectorSpace(field["dimension"], field.get("metric", "cosine"))
        except (KeyError, TypeError) as error:
            raise Refused(400, "expected a dense field with a dimension") from error
        return 201, self._told(request, name)

    def _delete(self, request: web.Request, _body: Body) -> tuple[int, Body]:
        self._named(request)
        del self.indexes[request.match_info["index"]]
        return 202, {}

    def _upsert(self, request: web.Request, body: Body) -> tuple[int, Body]:
        vectors = body.get("vectors")
        if not isinstance(vectors, list) or not 0 < len(vectors) <= MOST:
            raise Refused(400, f"expected 1 to {MOST} vectors")
        space = self._named(request)
        for vector in vectors:
            space.check(vector.get("id"), vector.get("values"))
        namespace = space.namespace(body.get("namespace", ""))
        for vector in vectors:
            namespace.put(vector["id"], vector["values"], vector.get("metadata"))
        return 200, {"upsertedCount": len(vectors)}

    def _forget(self, request: web.Request, body: Body) -> tuple[int, Body]:
        namespace = self._named(request).namespace(body.get("namespace", ""))
        ids = body.get("ids", [])
        if len(ids) > MOST or body.get("filter"):
            raise Refused(400, f"expected at most {MOST} ids, and no filter")
        namespace.forget(list(namespace.vectors) if body.get("deleteAll") else ids)
        return 200, {}

    def _fetch(self, request: web.Request, _body: Body) -> tuple[int, Body]:
        name = request.query.get("namespace", "")
        namespace = self._named(request).namespace(name)
        found = {
            key: {"id": key, "values": namespace.vectors[key].tolist()}
            for key in request.query.getall("ids", [])
            if key in namespace.vectors
        }
        return 200, {"vectors": found, "namespace": name, "usage": {"readUnits": 1}}

    def _ids(self, request: web.Request, _body: Body) -> tuple[int, Body]:
        asked = request.query
        name = asked.get("namespace", "")
        namespace = self._named(request).namespace(name)
        after = asked.get("paginationToken", "")
        limit = asked.get("limit", str(PAGE))
        if not limit.isdecimal() or not 1 <= int(limit) <= PAGE:
            raise Refused(400, f"expected 'limit' between 1 and {PAGE}")
        prefix = asked.get("prefix", "")
        found = sorted(key for key in namespace.vectors if key.startswith(prefix) and key > after)
        told: Body = {
            "vectors": [{"id": key} for key in found[: int(limit)]],
            "namespace": name,
            "usage": {"readUnits": 1},
        }
        if len(found) > int(limit):
            told["pagination"] = {"next": found[int(limit) - 1]}
        return 200, told

    def _query(self, request: web.Request, body: Body) -> tuple[int, Body]:
        space = self._named(request)
        name = body.get("namespace", "")
        k = body.get("topK")
        if not isinstance(k, int) or not 1 <= k <= 10_000:
            raise Refused(400, "expected 'topK' between 1 and 10000")
        if body.get("filter"):
            raise Refused(400, "filters are not simulated")
        space.check("query", body.get("vector"))
        namespace = space.namespace(name)
        matches: list[Body] = []
        for key, score in namespace.near(body["vector"], k):
            match: Body = {"id": key, "score": score}
            if body.get("includeValues"):
                match["values"] = namespace.vectors[key].tolist()
            if body.get("includeMetadata") and key in namespace.metadata:
                match["metadata"] = namespace.metadata[key]
            matches.append(match)
        return 200, {"matches": matches, "namespace": name, "usage": {"readUnits": 5}}

    def _stats(self, request: web.Request, _body: Body) -> tuple[int, Body]:
        space = self._named(request)
        counts = {name or "__default__": len(of.vectors) for name, of in space.namespaces.items()}
        return 200, {
            "namespaces": {name: {"vectorCount": count} for name, count in counts.items()},
            "dimension": space.dimension,
            "indexFullness": 0,
            "totalVectorCount": sum(counts.values()),
            "metric": space.metric,
            "vectorType": "dense",
        }

    def _named(self, request: web.Request) -> VectorSpace:
        name = request.match_info["index"]
        if name not in self.indexes:
            raise Refused(404, f"Resource {name} not found")
        return self.indexes[name]

    def _told(self, request: web.Request, name: str) -> Body:
        """In the form of the version that the request names."""
        space = self.indexes[name]
        shape = {"dimension": space.dimension, "metric": space.metric}
        place = {"cloud": "aws", "region": "us-east-1"}
        told: Body = {
            "name": name,
            "host": self.host(name),
            "status": {"ready": True, "state": "Ready"},
            "deletion_protection": "disabled",
            "tags": None,
        }
        if request.headers.get("X-Pinecone-Api-Version", "") >= _SCHEMAS:
            fields = {"_values": {"type": "dense_vector", **shape}}
            deployment = {"deployment_type": "managed", "environment": "simulated", **place}
            return {**told, "schema": {"fields": fields}, "deployment": deployment}
        return {**told, **shape, "vector_type": "dense", "spec": {"serverless": place}}


def _dense(body: Body) -> Body:
    """The index's one field of vectors, in whichever form it is asked for."""
    fields = (body.get("schema") or {}).get("fields", {"_values": body})
    dense = [field for field in fields.values() if isinstance(field, dict)]
    if len(dense) != 1:
        raise Refused(400, "expected one field of dense vectors")
    return dense[0]


def _body(raw: bytes) -> Body:
    """{} where there is none. Raises Refused."""
    try:
        body = orjson.loads(raw or b"{}")
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise Refused(400, "the body is no JSON object")
    return body


async def _half(request: web.Request, body: bytes) -> web.StreamResponse:
    """Then the connection is cut."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.content_length = len(body)
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


def _json(status: int, body: Body) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(body), content_type="application/json")


def _error(request: web.Request, status: int, message: str) -> web.Response:
    """Control and data plane have a form each."""
    if request.path.startswith("/indexes"):
        code = {400: "INVALID_ARGUMENT", 404: "NOT_FOUND", 409: "ALREADY_EXISTS"}
        word = code.get(status, "RESOURCE_EXHAUSTED" if status == 429 else "UNKNOWN")
        return _json(status, {"error": {"code": word, "message": message}, "status": status})
    number = {400: 3, 404: 5, 429: 8}.get(status, 13)
    return _json(status, {"code": number, "message": message, "details": []})
