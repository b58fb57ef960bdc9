# pitlake in a small image: `docker build -t pitlake .`, then see compose.yaml or `docker run --rm pitlake --help`.
FROM rust:1.94-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked

FROM debian:bookworm-slim
# Days are Shanghai's whatever the zone; the log and `date` show it.
ENV TZ=Asia/Shanghai
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --no-install-recommends -y ca-certificates tzdata \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home pitlake \
    && install -d -o pitlake -g pitlake /lake
COPY --from=build /src/target/release/pitlake /usr/local/bin/pitlake
USER 10001
# jobs.toml and the lake: mount a folder that belongs to user 10001.
WORKDIR /lake
VOLUME /lake
ENTRYPOINT ["pitlake"]
CMD ["schedule"]
