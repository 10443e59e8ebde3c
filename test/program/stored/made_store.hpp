// A store whose rows a test makes itself, and the program run on it.
#pragma once

#include "program/process.hpp"
#include "store/opened_store.hpp"

#include <unipile/store/sqlite.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

using strings = std::vector<std::string>;

inline bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// While `engine` is open, a harvest is running.
struct made_store : unipile::store::test::opened {
    /// Ends the harvest.
    void close()
    {
        engine->commit();
        engine.reset();
    }
    /// The posts of a listing that is complete.
    void complete(std::int64_t l, unipile::end_reason reason = unipile::end_reason::null_cursor)
    {
        unipile::store::job_end end;
        end.job = l;
        end.reason = reason;
        end.now = unipile::store::test::at_second(2);
        engine->perform(end);
    }
    void fail(std::int64_t l, const std::string& failure)
    {
        unipile::store::job_end end;
        end.job = l;
        end.reason = unipile::end_reason::failed;
        end.failure = failure;
        end.failure_type = "errors/of_a_kind";
        end.now = unipile::store::test::at_second(2);
        engine->perform(end);
    }
    /// One listing of one post.
    void add_post(const std::string& account, const std::string& identifier, std::string_view provider,
                  std::string_view id, std::string_view json,
                  std::optional<unipile::wall_time> published = std::nullopt)
    {
        const auto claimed = job(account, identifier);
        auto page = unipile::store::test::one_post(claimed.job, id, json);
        page.posts.front() = {provider, id, published, json};
        engine->perform(page);
        complete(claimed.job);
        engine->perform(unipile::store::end_run{run, "1 done", unipile::store::test::at_second(3)});
    }
    /// What an update by SQL makes of it.
    void sql(const std::string& statement) { unipile::store::test::sql(folder.file(), statement); }

    finished program(const std::string& command, const strings& options = {}) const
    {
        strings all{command, "--store", folder.file()};
        all.insert(all.end(), options.begin(), options.end());
        return process{UNIPILE_PROGRAM, all, {}}.wait();
    }
};
