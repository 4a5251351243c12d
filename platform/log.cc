// SPDX-License-Identifier: Apache-2.0
#include "platform/log.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <string>

namespace cpis::platform {
namespace {

std::atomic<Level> most_verbose_level = Level::kInfo;

// One message stays one line, whatever a peer put into it.
void AppendEscaped(std::string_view text, std::string* line) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    if (character == '\n') {
      *line += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      *line += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
    } else {
      line->push_back(character);
    }
  }
}

}  // namespace

void SetLogLevel(Level most_verbose) { most_verbose_level = most_verbose; }

void Log(Level level, std::string_view part, std::string_view message) {
  if (level > most_verbose_level.load(std::memory_order_relaxed)) return;
  std::string line = "<" + std::to_string(static_cast<int>(level)) + ">";
  line.reserve(line.size() + part.size() + message.size() + 3);
  AppendEscaped(part, &line);
  line += ": ";
  AppendEscaped(message, &line);
  line.push_back('\n');
  // One write, so that lines of several threads do not mix. If stderr is gone there is nowhere left to say so.
  ssize_t written;
  do {
    written = write(STDERR_FILENO, line.data(), line.size());
  } while (written < 0 && errno == EINTR);
}

}  // namespace cpis::platform
