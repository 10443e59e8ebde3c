// The failed jobs of a store, as a jobs file.
#pragma once

#include "program/output/blocking_output.hpp"

#include <unipile/store/post_reader.hpp>

#include <cstdint>

namespace unipile::program {

enum class jobs_format { csv, ndjson };

/// Writes them in a form that `harvest` reads. Returns their number.
std::uint64_t write_failed_jobs(store::post_reader& reader, blocking_output& out, jobs_format format);

}  // namespace unipile::program
