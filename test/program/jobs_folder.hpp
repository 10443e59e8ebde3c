// A folder of its own for a test's files.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>

class jobs_folder {
public:
    jobs_folder()
    {
        std::string name = (std::filesystem::temp_directory_path() / "unipile-harvest-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error{"no folder can be made"};
        path_ = name;
    }
    ~jobs_folder()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    jobs_folder(const jobs_folder&) = delete;
    jobs_folder& operator=(const jobs_folder&) = delete;

    std::string file(const char* name) const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

/// For what waits until it may go on.
inline bool always() { return true; }
