// What an exception means for the user.
#pragma once

#include <exception>
#include <string>
#include <utility>

namespace unipile::program {

struct failed_command {
    int code = 0;
    std::string text;      ///< one line: what happened, and what to do
    bool as_json = false;  ///< standard error holds objects
};

/// A failure of a command whose standard error holds objects.
class failure_in_json : public std::exception {
public:
    explicit failure_in_json(failed_command failed) : failed_(std::move(failed)) { failed_.as_json = true; }

    const failed_command& failed() const noexcept { return failed_; }
    const char* what() const noexcept override { return failed_.text.c_str(); }

private:
    failed_command failed_;
};

failed_command failed_by(const std::exception& e);

}  // namespace unipile::program
