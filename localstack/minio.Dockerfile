# MinIO from its sources, as scripts/stack/provision-minio.ts builds it: its images are no longer on Docker Hub (README.md).
FROM golang:1.26.8 AS build
ARG MINIO_VERSION
RUN CGO_ENABLED=0 go install -trimpath -ldflags "-s -w" "github.com/minio/minio@${MINIO_VERSION}"

FROM alpine:3.22.2
COPY --from=build /go/bin/minio /usr/local/bin/minio
ENTRYPOINT ["minio"]
