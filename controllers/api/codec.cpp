// The decoders of Marea's own kinds, apart because simdjson is heavy to compile.
#include "controllers/api/kinds.hpp"
#include "kube/codec_impl.hpp"

MAREA_INSTANTIATE_CODEC(marea::api::Session)
MAREA_INSTANTIATE_CODEC(marea::api::SessionClass)
MAREA_INSTANTIATE_CODEC(marea::api::AcceleratorClass)
MAREA_INSTANTIATE_CODEC(marea::api::Project)
