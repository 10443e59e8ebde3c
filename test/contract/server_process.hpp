// A server in a process of its own.
#pragma once

#include "program/process.hpp"

#include <map>
#include <string>
#include <thread>
#include <vector>

/// The value of an environment variable; empty if it isn't set.
std::string variable(const char* name);

/// Prism, listening on a free port.
class prism {
public:
    /// `arguments` without host and port, which are added behind the first one, the subcommand.
    explicit prism(std::vector<std::string> arguments);
    ~prism();
    prism(const prism&) = delete;
    prism& operator=(const prism&) = delete;

    const std::string& base_url() const noexcept { return base_url_; }

private:
    process process_;
    std::string base_url_;
    std::thread reader_;  ///< keeps its log from filling the pipe
};
