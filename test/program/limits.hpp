// What a process may not have, for as long as an object lives.
#pragma once

#include <csignal>

#include <sys/resource.h>

class resource_limit {
public:
    resource_limit(const resource_limit&) = delete;
    resource_limit& operator=(const resource_limit&) = delete;

protected:
    resource_limit(decltype(RLIMIT_FSIZE) kind, rlim_t most) : kind_(kind)
    {
        ::getrlimit(kind_, &before_);
        rlimit now = before_;
        now.rlim_cur = most;
        ::setrlimit(kind_, &now);
    }
    ~resource_limit() { ::setrlimit(kind_, &before_); }

private:
    decltype(RLIMIT_FSIZE) kind_;
    rlimit before_{};
};

/// Files can't grow beyond a size.
struct file_size_limit : resource_limit {
    explicit file_size_limit(rlim_t bytes) : resource_limit(RLIMIT_FSIZE, bytes) { std::signal(SIGXFSZ, SIG_IGN); }
};

/// No descriptor of that number or above can be had.
struct descriptor_limit : resource_limit {
    explicit descriptor_limit(rlim_t number) : resource_limit(RLIMIT_NOFILE, number) {}
};
