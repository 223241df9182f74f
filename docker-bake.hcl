# Every image of the mesh: docker buildx bake. One of them: docker buildx bake webhook.
# What each holds and how it starts is in scripts/images.ts; names of earlier systems are in docs/images.md.

variable "REPOSITORY" {
  default = "networkservicemesh"
}

variable "TAG" {
  default = "latest"
}

variable "REVISION" {
  default = ""
}

group "default" {
  targets = [
    "webhook",
    "init-client",
    "sidecar-nsc",
    "sidecar-nse",
    "registry",
    "issuer",
    "cli",
    "device-plugin",
    "manager",
    "forwarder",
    "capture",
  ]
}

target "common" {
  dockerfile = "Dockerfile"
  platforms  = ["linux/amd64", "linux/arm64"]
  labels = {
    "org.opencontainers.image.title"    = "Network Service Mesh"
    "org.opencontainers.image.licenses" = "Apache-2.0"
    "org.opencontainers.image.version"  = TAG
    "org.opencontainers.image.revision" = REVISION
  }
}

target "webhook" {
  inherits = ["common"]
  args     = { PROGRAM = "webhook" }
  tags     = ["${REPOSITORY}/nsm-webhook:${TAG}"]
}

target "init-client" {
  inherits = ["common"]
  args     = { PROGRAM = "init-client" }
  tags     = ["${REPOSITORY}/nsm-init:${TAG}"]
}

target "sidecar-nsc" {
  inherits = ["common"]
  args     = { PROGRAM = "sidecar-nsc" }
  tags     = ["${REPOSITORY}/sidecar-nsc:${TAG}"]
}

target "sidecar-nse" {
  inherits = ["common"]
  args     = { PROGRAM = "sidecar-nse" }
  tags     = ["${REPOSITORY}/sidecar-nse:${TAG}"]
}

target "registry" {
  inherits = ["common"]
  args     = { PROGRAM = "registry" }
  tags     = ["${REPOSITORY}/nsm-registry:${TAG}"]
}

target "issuer" {
  inherits = ["common"]
  args     = { PROGRAM = "issuer" }
  tags     = ["${REPOSITORY}/nsm-issuer:${TAG}"]
}

target "cli" {
  inherits = ["common"]
  args     = { PROGRAM = "cli" }
  tags     = ["${REPOSITORY}/nsm-cli:${TAG}"]
}

target "device-plugin" {
  inherits = ["common"]
  args     = { PROGRAM = "device-plugin" }
  tags     = ["${REPOSITORY}/nsm-device-plugin:${TAG}"]
}

target "manager" {
  inherits = ["common"]
  args     = { PROGRAM = "manager" }
  tags     = ["${REPOSITORY}/nsm-manager:${TAG}"]
}

target "forwarder" {
  inherits = ["common"]
  args     = { PROGRAM = "forwarder" }
  tags     = ["${REPOSITORY}/nsm-forwarder:${TAG}"]
}

target "capture" {
  inherits = ["common"]
  args     = { PROGRAM = "capture" }
  tags     = ["${REPOSITORY}/nsm-capture:${TAG}"]
}
