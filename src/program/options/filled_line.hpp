// What a command line leaves out, filled in by the environment and a configuration file.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace unipile::program {

/// Returns the value of a variable of the environment; empty if it is not set.
using environment = std::function<std::string(const std::string& name)>;

/// Returns the variable that sets an option, such as UNIPILE_MAX_POSTS, or UNIPILE_EXPORT_UNTIL where the option means
/// something else than that of other commands. Empty for those that none sets.
std::string environment_name(const CLI::App& command, const CLI::Option& option);

/// Adds `--config` to each subcommand with options that it can set.
void add_config_options(CLI::App& app);

/// Returns the places of the configuration file, the first one first.
std::vector<std::string> configuration_places(const environment& of);

/// The arguments of a command line.
class filled_line {
public:
    /// Adds to the arguments `given`, without the program's name, those that they leave out. The environment has
    /// precedence over the configuration file, and a section for the subcommand over what stands before all sections.
    /// What excludes an argument that is there is not added, nor what needs one that is not there. `--flag=false` is
    /// removed: it keeps the others from setting that flag. Nothing is added to a command line that asks for help.
    ///
    /// Throws std::invalid_argument, one line that names file and line or the variable, for a configuration file that
    /// can't be read, has an unknown key or section, or a value of the wrong kind.
    filled_line(const CLI::App& app, std::vector<std::string> given, const environment& of);

    const std::vector<std::string>& arguments() const noexcept { return arguments_; }
    /// Returns a complaint that begins with the name of an option with the place where that option is set, if the
    /// command line did not set it.
    std::string with_source(const std::string& complaint) const;

private:
    std::vector<std::string> arguments_;
    std::map<std::string, std::string> sources_;  ///< by the option's name
};

}  // namespace unipile::program
