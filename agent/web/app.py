"""The web application: routes, and what becomes of errors."""

from fastapi import FastAPI, Request, Response

from agent.web.house import House
from agent.web.routes import ask, fleet, health, privacy, routing, twilio, webhook


def create_app(house: House) -> FastAPI:
    """Opens the doors when the server has started."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.include_router(twilio.routes(house))
    app.include_router(health.routes(house))
    if house.ask is not None:
        app.include_router(ask.routes(house.gate, house.ask))
    if house.erase is not None:
        app.include_router(privacy.routes(house.gate, house.erase))
    if house.control is not None:
        app.include_router(fleet.routes(house.gate, house.control))
    if house.desk is not None:
        app.include_router(routing.routes(house.gate, house.desk))

    async def refused(_request: Request, error: Exception) -> Response:
        assert isinstance(error, webhook.Unanswered)
        return Response(status_code=error.status)

    app.add_exception_handler(webhook.Unanswered, refused)
    return app
