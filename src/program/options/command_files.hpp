// The files that a subcommand reads and writes, so that none is overwritten by mistake.
#pragma once

#include <string>
#include <vector>

namespace unipile::program {

/// The files of one command, each with the option that names it; an empty name is no file.
class command_files {
public:
    /// `-` is standard input.
    void reads(const std::string& option, const std::string& name);
    void writes(const std::string& option, const std::string& name);
    /// `-` is standard output, and so is an empty name.
    void writes_lines(const std::string& option, const std::string& name);
    /// A store with the files beside it, which are written to even if the store is only read.
    void opens_store(const std::string& option, const std::string& name);

    /// Throws std::invalid_argument, one line that names both options, if one file is to be written and has another
    /// use, too. Follows links, and includes files that do not exist yet. Devices and pipes are ignored.
    void check() const;

private:
    struct entry {
        std::string option, name;
        bool written;
    };

    std::vector<entry> entries_;
};

}  // namespace unipile::program
