# ferpipe serve, as a user without rights. See docs/serve.md.
FROM python:3.12-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN python -m venv /opt/ferpipe \
    && /opt/ferpipe/bin/pip install --no-cache-dir ".[web]" \
    && /opt/ferpipe/bin/pip uninstall --yes opencv-python \
    && /opt/ferpipe/bin/pip install --no-cache-dir "opencv-python-headless>=4.12,<5"

FROM python:3.12-slim-bookworm
RUN useradd --create-home --uid 10001 ferpipe && install --directory --owner=ferpipe /data
COPY --from=build /opt/ferpipe /opt/ferpipe
ENV PATH=/opt/ferpipe/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001
WORKDIR /home/ferpipe
VOLUME /data
EXPOSE 8765
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as web; web.urlopen('http://127.0.0.1:8765/healthz', timeout=4)"]
# Without FERPIPE_TOKEN the server refuses to start at this address.
ENTRYPOINT ["ferpipe", "serve", "--host", "0.0.0.0", "--data", "/data"]
