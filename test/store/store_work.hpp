// Work for a store's writer.
#pragma once

#include "harness.hpp"

#include <unipile/store/writer.hpp>

#include <string>

namespace unipile::store::test {

inline writer_options slow_groups()
{
    writer_options o;
    o.group_delay = 1h;
    return o;
}

// A claimed job.
inline std::int64_t one_job(post_store& engine, const std::string& identifier)
{
    const auto run = engine.begin_run({}, at_second(0)).run;
    const job_spec spec{"a", identifier, false};
    engine.add_jobs(run, {&spec, 1});
    return engine.claim({run, "a", 1, at_second(0)}).front().job;
}

}  // namespace unipile::store::test
