// The decoders of what the command reads besides, apart because simdjson is heavy to compile.
#include "cli/objects.hpp"
#include "kube/codec_impl.hpp"

MAREA_INSTANTIATE_CODEC(marea::cli::SessionEvent)
MAREA_INSTANTIATE_CODEC(marea::cli::TokenSecret)
