// Decode<T>: from JSON text into a struct with a field table, in one pass over simdjson On-Demand.
// For the API server's answers only: On-Demand does not validate what it skips.
// Heavy: include it only in the source that instantiates the decoders of its types.
#pragma once
