# syntax=docker/dockerfile:1

# One image per program, all from this file: docker buildx bake, or docker build --build-arg PROGRAM=webhook .
# What an image holds is scripts/images.ts; docs/images.md has the names.

ARG PROGRAM
ARG NODE_VERSION=24.21.0

# The bundles are the same on every platform, so they are made on the builder's own.
FROM --platform=$BUILDPLATFORM node:${NODE_VERSION}-bookworm-slim AS bundles
WORKDIR /src
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN node build.ts

# Node and the files of one program, for the platform of the image. A snapshot is written here, by the Node that runs it.
FROM node:${NODE_VERSION}-bookworm-slim AS files
WORKDIR /src
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts --omit=dev --no-audit --no-fund
COPY scripts/assemble.ts scripts/images.ts scripts/
COPY manifests manifests
COPY --from=bundles /src/dist dist
ARG PROGRAM
RUN node scripts/assemble.ts "$PROGRAM" /image

# No shell, no package manager: libc, libstdc++, the authorities of the Web, and Node.
FROM gcr.io/distroless/cc-debian12 AS runtime
COPY --from=files /usr/local/bin/node /usr/bin/node
WORKDIR /
ENV MALLOC_ARENA_MAX=1

FROM runtime AS rootless
USER 65532:65532

FROM runtime AS root
USER 0:0

FROM rootless AS webhook
ENV NODE_OPTIONS=--max-semi-space-size=1
ENTRYPOINT ["node", "/app/webhook.js"]

FROM rootless AS init-client
ENV GLIBC_TUNABLES=glibc.malloc.hugetlb=1
ENTRYPOINT ["node", "--snapshot-blob", "/app/init-client.blob", "/app/init-client.js"]

FROM rootless AS sidecar-nsc
ENV NODE_OPTIONS=--max-semi-space-size=1
ENTRYPOINT ["node", "/app/sidecar-nsc.js"]

FROM rootless AS sidecar-nse
ENV NODE_OPTIONS=--max-semi-space-size=1
ENTRYPOINT ["node", "/app/sidecar-nse.js"]

FROM rootless AS registry
ENV NODE_OPTIONS=--max-semi-space-size=1
ENTRYPOINT ["node", "/app/registry.js"]

FROM rootless AS issuer
ENV NODE_OPTIONS=--max-semi-space-size=1
ENTRYPOINT ["node", "/app/issuer.js"]

FROM rootless AS cli
ENTRYPOINT ["node", "/app/cli.js"]

FROM root AS device-plugin
ENV NODE_OPTIONS=--max-semi-space-size=1
ENTRYPOINT ["node", "/app/device-plugin.js"]

FROM root AS manager
ENV NODE_OPTIONS=--max-semi-space-size=1
ENTRYPOINT ["node", "/app/manager.js"]

FROM root AS forwarder
ENV NODE_OPTIONS=--max-semi-space-size=1
ENTRYPOINT ["node", "/app/forwarder.js"]

FROM root AS capture
ENV NODE_OPTIONS=--max-semi-space-size=1
ENTRYPOINT ["node", "/app/capture.js"]

FROM ${PROGRAM}
COPY --from=files /image/ /
