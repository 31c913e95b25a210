# calld, and an Asterisk to go with it: docs/docker.md.

FROM node:24-bookworm-slim AS pages
WORKDIR /src/web
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY web ./
RUN npm run build

FROM golang:1.26-bookworm AS program
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=pages /src/web/dist web/dist
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-X main.version=$VERSION" -o /calld ./cmd/calld

# Debian 12 and 13 have no Asterisk; sid has the long-term 22. The user calld of
# the other image shares recordings and sounds with it by its group.
FROM debian:sid-slim AS asterisk
RUN groupadd --gid 10001 calld \
 && groupadd --gid 10002 asterisk \
 && useradd --uid 10002 --gid asterisk --groups calld --home-dir /var/lib/asterisk --no-create-home --shell /usr/sbin/nologin asterisk \
 && apt-get update \
 && apt-get install --yes --no-install-recommends asterisk asterisk-config asterisk-core-sounds-en-gsm asterisk-moh-opsound-gsm \
 && rm -rf /var/lib/apt/lists/* \
 && install -d -o 10001 -g 10001 -m 2750 /etc/asterisk/calld \
 && install -d -o asterisk -g calld -m 2775 /var/spool/asterisk/monitor/calld \
 && install -d -o 10001 -g calld -m 2755 /var/lib/asterisk/sounds/calld \
 && install -d -o asterisk -g asterisk /run/asterisk
COPY packaging/docker/asterisk/*.conf /etc/asterisk/
USER asterisk
EXPOSE 5060/udp 10000-10100/udp
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["asterisk", "-rx", "core waitfullybooted"]
# calld removes old recordings: it is in the group of their folders.
CMD ["sh", "-c", "umask 002 && exec asterisk -f -T"]

FROM debian:bookworm-slim AS calld
RUN groupadd --gid 10001 calld \
 && useradd --uid 10001 --gid calld --home-dir /var/lib/calld --no-create-home --shell /usr/sbin/nologin calld \
 && apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates \
 && rm -rf /var/lib/apt/lists/* \
 && install -d -o calld -g calld -m 750 /var/lib/calld /run/calld \
 && install -d -o calld -g calld -m 2750 /etc/asterisk/calld \
 && install -d -o 10002 -g calld -m 2775 /var/spool/asterisk/monitor/calld \
 && install -d -o calld -g calld -m 2755 /var/lib/asterisk/sounds/calld
COPY --from=program /calld /usr/bin/calld
COPY packaging/docker/calld.toml /etc/calld/calld.toml
ENV CALLD_CONFIG=/etc/calld/calld.toml
USER calld
VOLUME /var/lib/calld
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["calld", "status"]
ENTRYPOINT ["calld"]
CMD ["serve"]
