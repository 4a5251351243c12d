// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/http_call.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <sstream>

namespace cpis::e2e {

uint16_t PortOf(const std::string& address) {
  return static_cast<uint16_t>(std::stoul(address.substr(address.rfind(':') + 1)));
}

int Connect(uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(port);
  if (connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0) return fd;
  close(fd);
  return -1;
}

HttpReply Ask(const std::string& address, const HttpCall& call) {
  const int fd = Connect(PortOf(address));
  if (fd < 0) return {};
  const timeval limit{Patient(seconds(10)).count() / 1000, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);

  const std::string request = Written(address, call);
  send(fd, request.data(), request.size(), MSG_NOSIGNAL);

  std::string answer;
  std::array<char, 8192> chunk{};
  for (ssize_t got; (got = recv(fd, chunk.data(), chunk.size(), 0)) > 0;) answer.append(chunk.data(), static_cast<size_t>(got));
  close(fd);
  return ReadReply(answer);
}

std::string Written(const std::string& host, const HttpCall& call) {
  const std::string named = call.headers.contains("Host") ? "" : "Host: " + host + "\r\n";
  std::string request = call.method + " " + call.target + " HTTP/1.1\r\n" + named + "Connection: close\r\n";
  for (const auto& [name, value] : call.headers) request += name + ": " + value + "\r\n";
  if (!call.body.empty()) request += "Content-Length: " + std::to_string(call.body.size()) + "\r\n";
  return request + "\r\n" + call.body;
}

HttpReply ReadReply(const std::string& answer) {
  const size_t head = answer.find("\r\n\r\n");
  if (head == std::string::npos) return {};
  HttpReply reply;
  std::istringstream lines(answer.substr(0, head));
  std::string line;
  lines >> line >> reply.status;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    const size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    std::string name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    std::string value = line.substr(colon + 2);
    if (!value.empty() && value.back() == '\r') value.pop_back();
    reply.headers[name] = value;
  }
  reply.body = answer.substr(head + 4);
  return reply;
}

}  // namespace cpis::e2e
