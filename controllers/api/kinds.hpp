// Marea's own kinds, group marea.dev/v1alpha1.
#pragma once

#include "controllers/api/accelerator_class.hpp"
#include "controllers/api/project.hpp"
#include "controllers/api/session.hpp"
#include "controllers/api/session_class.hpp"
