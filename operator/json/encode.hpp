// Encode<T> and MergePatch<T>: from a struct with a field table to JSON text; the same value gives the same bytes.
// Heavy (nlohmann): include it only in the source that instantiates the encoders of its types.
#pragma once
