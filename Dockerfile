# Two targets from one recipe: `docker build --target cpu .` (default) and `docker build --target cuda .`
# The image holds the packaged speech model, so a container starts without any network.

FROM python:3.11-slim AS build
RUN pip install --no-cache-dir uv
WORKDIR /src
ENV UV_PROJECT_ENVIRONMENT=/opt/tingjian UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 UV_PYTHON_DOWNLOADS=never
COPY pyproject.toml uv.lock README.md ./
# Dependencies first: they change less often than the code.
RUN uv sync --locked --no-dev --extra speakers --no-install-project
COPY . .
RUN uv sync --locked --no-dev --extra speakers --no-editable

FROM build AS build-cuda
RUN uv sync --locked --no-dev --extra speakers --extra cuda --no-editable

FROM python:3.11-slim AS base
RUN useradd --system --uid 10001 --create-home tingjian && install -d -o tingjian -g tingjian -m 0700 /data
ENV PATH=/opt/tingjian/bin:$PATH TINGJIAN_DATA=/data TINGJIAN_HOST=0.0.0.0
VOLUME /data
EXPOSE 8300
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ.get('TINGJIAN_PORT', '8300') + '/healthz', timeout=4)"]
USER tingjian
ENTRYPOINT ["tingjian"]
CMD ["serve"]

FROM base AS cuda
COPY --from=build-cuda /opt/tingjian /opt/tingjian
# CTranslate2 looks CUDA's libraries up by name; these are the wheels' copies of them.
ENV LD_LIBRARY_PATH=/opt/tingjian/lib/python3.11/site-packages/nvidia/cublas/lib:/opt/tingjian/lib/python3.11/site-packages/nvidia/cudnn/lib \
    NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility

FROM base AS cpu
COPY --from=build /opt/tingjian /opt/tingjian
