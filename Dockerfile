# syntax=docker/dockerfile:1
FROM python:3.11-slim AS build
# A compiler for the few packages that come as source only.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends build-essential \
    && rm -rf /var/lib/apt/lists/*
RUN pip install --no-cache-dir uv==0.13.9
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
WORKDIR /build
COPY pyproject.toml requirements.lock ./
# Only what runs: the lock, which holds the tools too, says which versions and with which hashes.
# local: ears and voices; embedding: vectors without a network; fit: calibration of new content.
RUN uv venv /opt/answerline \
    && uv pip install --python /opt/answerline/bin/python --require-hashes \
       --constraints requirements.lock --requirements pyproject.toml \
       --extra local --extra embedding --extra fit
COPY README.md LICENSE ./
COPY agent agent
COPY processors processors
COPY knowledge knowledge
RUN uv pip install --python /opt/answerline/bin/python --no-deps .

FROM python:3.11-slim
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/answerline answerline \
    && install --directory --owner answerline /var/lib/answerline/data
COPY --from=build /opt/answerline /opt/answerline
ENV PATH=/opt/answerline/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 \
    PORT=8080 \
    DATA_DIR=/var/lib/answerline/data
WORKDIR /var/lib/answerline
USER 10001
# outbox (decisions that the database has not got yet), index, kept, speech; answerline.db where
# DATABASE_URL is not set. A disk of this machine: the outbox counts on fsync and on file locks.
VOLUME /var/lib/answerline/data
EXPOSE 8080
# With several workers each listens on a port of its own, from PORT upwards: this asks the first.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD \
    ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/api/health', timeout=2)"]
# With DATABASE_URL, `answerline migrate` once for each version; SQLite migrates itself.
CMD ["answerline", "serve"]
