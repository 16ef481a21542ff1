# The operator's image: the binary and the shared libraries it is linked with, and nothing else. No shell, no
# package manager, no certificate bundle (every endpoint is told its own authority), nothing it could write to.
#
#   docker build -t marea .        (or podman, or buildah bud; images/build marea does it where there is no daemon)

FROM docker.io/library/debian:bookworm-slim AS toolchain
RUN apt-get update \
 && apt-get install --yes --no-install-recommends \
    ccache cmake g++ ninja-build \
    libboost-dev libboost-system-dev libcli11-dev libcpprest-dev libexpected-dev libfmt-dev libsimdjson-dev \
    libspdlog-dev libssl-dev libyaml-cpp-dev nlohmann-json3-dev prometheus-cpp-dev \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/*

FROM toolchain AS build
WORKDIR /src
COPY CMakeLists.txt CMakePresets.json ./
COPY cmake cmake
COPY operator operator
COPY controllers controllers
# Objects are kept from one build to the next, so that a second one only compiles what changed.
RUN --mount=type=cache,target=/root/.cache/ccache \
    cmake --preset release && cmake --build --preset release --target marea
# Each library where the loader looks for it first, the loader where the binary asks for it.
RUN install -D --strip build/release/marea /image/usr/bin/marea \
 && ldd build/release/marea | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p' | xargs install -D --target-directory=/image/usr/lib \
 && loader="$(ldd build/release/marea | sed -n 's/^[[:space:]]*\(\/lib[^ ]*\) .*/\1/p')" \
 && install -D "$loader" "/image$loader" \
 && install -d /image/etc && echo 'hosts: files dns' >/image/etc/nsswitch.conf \
 && chroot /image /usr/bin/marea --version

FROM scratch
COPY --from=build /image /
# A number, so that the kubelet can see that it is not root.
USER 65532:65532
EXPOSE 8443
ENTRYPOINT ["/usr/bin/marea"]
CMD ["run"]
LABEL org.opencontainers.image.title="Marea" \
      org.opencontainers.image.description="The elastic operator for sessions on shared ML platforms" \
      org.opencontainers.image.licenses="Apache-2.0"
