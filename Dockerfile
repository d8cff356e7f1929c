# The mock as an image: docker build -t credmock . && docker run --rm -p 127.0.0.1:8765:8765 credmock
FROM python:3.12-slim AS build
WORKDIR /source
COPY . .
RUN python -m pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.12-slim
COPY --from=build /wheels /wheels
COPY constraints.txt /wheels/
RUN python -m pip install --no-cache-dir --constraint /wheels/constraints.txt /wheels/*.whl \
    && rm -r /wheels \
    && useradd --create-home credmock \
    && install -d -o credmock /home/credmock/data
USER credmock
WORKDIR /home/credmock
# From outside the container every caller is another machine: the control plane and the page need
# CREDMOCK_SERVE_CONTROL_TOKEN.
ENV CREDMOCK_SERVE_BIND=0.0.0.0:8765 PYTHONUNBUFFERED=1
EXPOSE 8765
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["python", "-c", "import urllib.request as r; r.build_opener(r.ProxyHandler({})).open('http://127.0.0.1:8765/__mock__/health', timeout=2)"]
ENTRYPOINT ["credmock"]
CMD ["serve"]
