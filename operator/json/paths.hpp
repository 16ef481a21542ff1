// Paths<T>: every path a struct's field table reads, as "spec.resources.cpu" and "spec.alternatives[].count",
// "metadata.labels{}" for maps. A test holds the list against the CRD schemas.
#pragma once
