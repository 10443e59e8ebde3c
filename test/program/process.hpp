// Runs a program and says what came of it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

/// A process that ended.
struct finished {
    int code = -1;    ///< its exit code; -1 if a signal ended it
    int signal = 0;   ///< the signal that ended it, or 0
    std::string out;  ///< what was read of its standard output
    std::string err;  ///< its standard error
};

/// One run of a program. Its standard error goes to a file, or to a terminal of its own, which is read at the end;
/// its standard output goes to a pipe that is read as the test likes.
class process {
public:
    /// A terminal that is held takes nothing until it is released.
    enum class error_to { file, terminal, held_terminal };

    /// The environment holds nothing but `environment`. `stdout_file`, if given, takes the place of the pipe.
    process(const std::string& program, const std::vector<std::string>& arguments,
            const std::map<std::string, std::string>& environment, error_to error = error_to::file,
            const std::string& stdout_file = {});
    ~process();
    process(const process&) = delete;
    process& operator=(const process&) = delete;

    pid_t id() const noexcept { return id_; }
    /// The next line of standard output with its end; less at the output's end.
    std::string read_line();
    /// Everything that is left of it.
    std::string read_all();
    /// Reads no more: the pipe has no reader from now on.
    void close_output();
    void send(int signal) const;
    void release_terminal() const;
    /// Reads what is left of standard output and waits for the end.
    finished wait();

private:
    bool read_more();

    pid_t id_ = -1;
    int output_ = -1;
    int terminal_ = -1;
    std::string error_file_;
    std::string buffer_;
    std::string error_;
};

/// For a program whose files are bounded: the counters of a build that measures coverage are files too, and are lost
/// there without a word.
std::map<std::string, std::string> without_counters(std::map<std::string, std::string> environment);

/// Every line of `text`, without its end. The last one must have one.
std::vector<std::string> lines_of(std::string_view text);
