// What the command line has, as plain values: manual pages, completions and lists are made of them.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace unipile::program {

/// An option, or an argument without a name of an option.
struct option_entry {
    std::string name;                  ///< `--limit`; of an argument what stands for it, such as JOBS
    std::string short_name;            ///< `-h`, or empty
    std::string value;                 ///< what stands for its value, or empty if it takes none
    std::vector<std::string> choices;  ///< the values that it takes, if there is a fixed set
    std::string standard;              ///< the value that it has when it is left out, or empty
    std::string group;                 ///< its heading, or empty
    std::string environment;           ///< the variable that sets it, or empty
    std::string text;                  ///< what it does
    std::vector<std::string> excludes, needs;
    bool required = false;
    bool repeated = false;

    /// Whether its value is the name of a file.
    bool is_file() const { return value.starts_with("FILE") || value == "STORE" || value == "FOLDER"; }
};

struct command_entry {
    std::string name;  ///< empty for the program itself
    std::string summary;
    std::vector<std::string> notes;     ///< paragraphs
    std::vector<std::string> examples;  ///< lines
    std::vector<option_entry> arguments, options;
};

struct catalogue {
    std::string program;
    command_entry own;
    std::vector<command_entry> commands;
};

/// Walks over `app`. Footers are notes; their lines that begin with `Example: `, and those
/// that are indented, are examples.
catalogue make_catalogue(const CLI::App& app);

/// The beginning of a text that makes sense alone, for lists with a line for each option.
std::string first_words(const std::string& text);

/// The values of `choices` with `between` between them.
std::string joined(const std::vector<std::string>& choices, const char* between);

}  // namespace unipile::program
