// SPDX-License-Identifier: Apache-2.0
#include "edge/ctl/session_file.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "platform/files.h"

namespace cpis::edge::ctl {
namespace {

namespace fs = std::filesystem;
constexpr uint64_t kMaxToken = 4096;

fs::path Root() {
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  if (runtime && *runtime) return fs::path(runtime) / "cpis-edge";
  const char* home = std::getenv("HOME");
  if (home && *home) return fs::path(home) / ".cache" / "cpis-edge";
  const passwd* user = ::getpwuid(::getuid());
  if (user && user->pw_dir && *user->pw_dir) return fs::path(user->pw_dir) / ".cache" / "cpis-edge";
  return {};
}

}  // namespace

platform::Result<SessionFile> SessionFile::For(const fs::path& state) {
  const fs::path root = Root();
  if (root.empty()) {
    return platform::Invalid("no place to keep a session (set XDG_RUNTIME_DIR or HOME, or pass --session)");
  }
  std::error_code error;
  fs::path canonical = fs::weakly_canonical(state, error);
  if (error) canonical = fs::absolute(state, error);
  return SessionFile(root / canonical.relative_path() / "session");
}

platform::Result<std::string> SessionFile::Load() const {
  CPIS_ASSIGN(const platform::Bytes bytes, platform::ReadFile(path_, kMaxToken));
  return std::string(platform::AsText(bytes));
}

platform::Status SessionFile::Save(const std::string& token) const {
  const mode_t before = ::umask(0077);
  std::error_code error;
  fs::create_directories(path_.parent_path(), error);
  ::umask(before);
  if (error) return platform::Internal("cannot make \"" + path_.parent_path().string() + "\": " + error.message());
  return platform::WriteFileDurably(path_, platform::AsBytes(token), 0600);
}

void SessionFile::Forget() const {
  std::error_code ignored;
  fs::remove(path_, ignored);
}

}  // namespace cpis::edge::ctl
