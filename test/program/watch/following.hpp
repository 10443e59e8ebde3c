// A harvest whose standard error is read while it runs.
#pragma once

#include "program/field_work.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <fstream>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <sys/stat.h>

/// Its lines are objects, each of which is parsed.
class followed_harvest {
public:
    followed_harvest(const field_work& w, const std::vector<std::string>& options)
        : fifo_(w.folder.file("standard-error")), process_(start(w, options)), lines_(fifo_)
    {}

    /// Returns the next object; empty at the end.
    boost::json::object next()
    {
        std::string line;
        if (!std::getline(lines_, line)) return {};
        return boost::json::parse(line).as_object();
    }
    /// Returns the first object from here on for which `is_it` returns true; empty at the end.
    boost::json::object next(const std::function<bool(const boost::json::object&)>& is_it)
    {
        for (;;) {
            boost::json::object o = next();
            if (o.empty() || is_it(o)) return o;
        }
    }
    /// Reads to the end. Returns the exit code.
    int wait()
    {
        while (!next().empty()) {
        }
        return process_.wait().code;
    }
    const process& program() const { return process_; }

private:
    process start(const field_work& w, const std::vector<std::string>& options)
    {
        BOOST_TEST_REQUIRE(::mkfifo(fifo_.c_str(), 0600) == 0);
        std::vector<std::string> all{"-c", "exec \"$0\" \"$@\" 2> '" + fifo_ + "'", UNIPILE_PROGRAM};
        for (const std::string& word : w.command(options)) all.push_back(word);
        for (const char* word : {"--progress", "json", "--progress-every", "100ms"}) all.emplace_back(word);
        return process{"/bin/sh", all, w.world.environment()};
    }

    std::string fifo_;
    process process_;
    std::ifstream lines_;
};

inline std::string text_of(const boost::json::object& o, const char* name)
{
    const auto* value = o.if_contains(name);
    return value && value->is_string() ? std::string(value->as_string()) : std::string();
}

inline bool is_message_with(const boost::json::object& o, const char* part)
{
    return text_of(o, "message_type") == "message" && has(text_of(o, "text"), part);
}
