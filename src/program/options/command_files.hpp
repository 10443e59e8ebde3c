// Which files a subcommand reads and writes, so that none is written over another.
#pragma once

#include <string>
#include <vector>

namespace unipile::program {

/// All files of one command, each with the option that names it; an empty name is no file.
class command_files {
public:
    /// `-` is standard input.
    void reads(const std::string& option, const std::string& name);
    void writes(const std::string& option, const std::string& name);
    /// `-` is standard output, and so is an empty name.
    void writes_lines(const std::string& option, const std::string& name);
    /// A store with all that is kept beside it, which a command that only reads writes to as well.
    void opens_store(const std::string& option, const std::string& name);

    /// Throws std::invalid_argument, one line that names both options, if one file is to be written and serves for
    /// something else too. Also where links lead to it, and where it isn't there yet. Devices and pipes are no files.
    void check() const;

private:
    struct entry {
        std::string option, name;
        bool written;
    };

    std::vector<entry> entries_;
};

}  // namespace unipile::program
