# Builds `waybill`, and leaves it alone in a small image.
FROM rust:1.95-slim-bookworm AS build
WORKDIR /source
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/source/target \
    cargo build --release --locked -p waybill && cp target/release/waybill /waybill

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data --create-home waybill \
    && chmod 700 /data
COPY --from=build /waybill /usr/local/bin/waybill
USER waybill
WORKDIR /data
VOLUME /data
ENV WAYBILL_DATA=/data WAYBILL_LISTEN=0.0.0.0:8080
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["waybill", "health", "127.0.0.1:8080"]
ENTRYPOINT ["waybill"]
