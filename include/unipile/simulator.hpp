// A stand-in for the API: generated, seeded accounts behind a real HTTP server, for tests, trials and benchmarks.
#pragma once

#include <unipile/simulator/fault.hpp>
#include <unipile/simulator/generate.hpp>
#include <unipile/simulator/options.hpp>
#include <unipile/simulator/server.hpp>
