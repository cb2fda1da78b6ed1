# The web app and the API. Needs a key before it listens to other computers:
#   docker compose run --rm app interviewer key create NAME
FROM python:3.11-slim-bookworm

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 \
    INTERVIEWER_DATA_DIR=/data INTERVIEWER_LOG_JSON=1

RUN useradd --create-home --uid 10001 interviewer && mkdir /data && chown interviewer /data
WORKDIR /app

# torch first and by itself, as in the Makefile: what changes least is the layer that is kept longest.
COPY constraints.txt ./
RUN pip install --constraint constraints.txt --extra-index-url https://download.pytorch.org/whl/cpu torch
COPY pyproject.toml README.md LICENSE NOTICE app.py ./
COPY interviewer interviewer
COPY corpus corpus
RUN pip install --constraint constraints.txt '.[mcp,openai,postgres,tables]'

USER 10001
VOLUME /data
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7860/healthz', timeout=4)"]
CMD ["python", "app.py", "--host", "0.0.0.0", "--port", "7860"]
