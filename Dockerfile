# The mock as an image: docker build -t credmock . && docker run --rm -p 127.0.0.1:8765:8765 credmock
#
# BASE is any image with Python 3.11 or later and its venv; both stages need the same.
ARG BASE=docker.io/library/python:3.12-slim

FROM ${BASE} AS build
WORKDIR /source
COPY . .
# All versions are pinned by the lock. pip stays in this stage: an environment does not need it to run.
RUN python3 -m venv /opt/credmock \
    && /opt/credmock/bin/python -m pip install --no-cache-dir --constraint constraints.txt . \
    && /opt/credmock/bin/python -m pip uninstall --yes pip setuptools

FROM ${BASE}
ARG VERSION=unknown
LABEL org.opencontainers.image.title="credmock" \
      org.opencontainers.image.description="A mock of the ibl.ai Data Manager's credentials API" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
COPY --from=build /opt/credmock /opt/credmock
# A number, because Kubernetes cannot see whether a name is root. /data is all that is written, with
# CREDMOCK_SERVE_STATE=/data/state.json; the root file system can be read-only.
RUN install -d -o 10001 -g 10001 /data
USER 10001:10001
WORKDIR /data
VOLUME /data
# From outside the container every caller is another machine: the control plane and the page need
# CREDMOCK_SERVE_CONTROL_TOKEN.
ENV PATH=/opt/credmock/bin:$PATH HOME=/data PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    CREDMOCK_SERVE_BIND=0.0.0.0:8765
EXPOSE 8765
# It asks this machine, never through a proxy. Where --bind or TLS is changed, change CREDMOCK_CTL_URL, too.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["credmock", "ctl", "health"]
ENTRYPOINT ["credmock"]
CMD ["serve"]
