// A simulator, a jobs file and a store, and the program run on them.
#pragma once

#include "program/jobs_folder.hpp"
#include "program/served.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

inline unipile::simulator::options four_accounts()
{
    unipile::simulator::options o;
    o.accounts = 4;
    o.identifiers = 40;
    o.posts_min = 5;
    o.posts_max = 60;
    o.instagram_share = 0.25;
    return o;
}

inline unipile::simulator::options two_accounts()
{
    unipile::simulator::options o;
    o.accounts = 2;
    o.identifiers = 6;
    o.posts_min = 5;
    o.posts_max = 40;
    return o;
}

inline std::vector<std::string> sorted(std::vector<std::string> lines)
{
    std::sort(lines.begin(), lines.end());
    return lines;
}

inline std::string read_file(const std::string& name)
{
    std::ifstream in{name, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

inline void write_file(const std::string& name, const std::string& text)
{
    std::ofstream{name, std::ios::binary} << text;
}

/// A command line with one word instead of another.
inline std::vector<std::string> replaced(std::vector<std::string> command, const std::string& what,
                                         const std::string& by)
{
    std::replace(command.begin(), command.end(), what, by);
    return command;
}

inline bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// A simulator, a jobs file with all that it serves, and a store.
struct field_work {
    explicit field_work(unipile::simulator::options o = four_accounts()) : world(std::move(o))
    {
        write_jobs(world, jobs);
    }

    std::vector<std::string> command(const std::vector<std::string>& options = {}) const
    {
        std::vector<std::string> all{"harvest", jobs, "--store", store};
        if (std::find(options.begin(), options.end(), "--pace") == options.end())
            all.insert(all.end(), {"--pace", "none", "--limit", "20"});
        all.insert(all.end(), options.begin(), options.end());
        return all;
    }
    finished harvest(const std::vector<std::string>& options = {}) const { return world.run(command(options)); }
    std::vector<std::string> exported(const std::vector<std::string>& options = {}) const
    {
        std::vector<std::string> all{"export", "--store", store, "--format", "ndjson"};
        all.insert(all.end(), options.begin(), options.end());
        const finished f = world.run(all);
        BOOST_TEST(f.code == 0);
        return sorted(lines_of(f.out));
    }
    void check_store(const std::vector<std::string>& options = {}) const
    {
        BOOST_TEST(same_lines(exported(options), whole_truth(world)));
    }
    /// Pages that were answered more often than once.
    std::uint32_t repeated_pages() const
    {
        std::uint32_t n = 0;
        for (const auto& p : world.server.identifiers())
            for (const auto& page : world.server.requests_by_page(p.account, p.identifier))
                n += page.answered - std::min(page.answered, 1u);
        return n;
    }

    jobs_folder folder;
    std::string jobs = folder.file("jobs.csv"), store = folder.file("posts.db");
    served world;
};

/// Through a shell, with what it does to the program's files and limits.
inline finished under_shell(const field_work& w, const std::string& before, const std::vector<std::string>& command,
                            const std::string& redirection = {})
{
    std::vector<std::string> all{"-c", before + " exec \"$0\" \"$@\" " + redirection, UNIPILE_PROGRAM};
    all.insert(all.end(), command.begin(), command.end());
    const bool bounded = has(before, "ulimit -f");
    const auto environment = w.world.environment();
    return process{"/bin/sh", all, bounded ? without_counters(environment) : environment}.wait();
}
