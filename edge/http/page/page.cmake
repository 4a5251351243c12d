# SPDX-License-Identifier: Apache-2.0
# The tablet page, as one C++ file in cpis_edge_http. npm and node run at build time only, in the build tree.
set(CPIS_PAGE_FILES ${CMAKE_BINARY_DIR}/generated/page/page_files.cc)
set(page_source ${CMAKE_SOURCE_DIR}/edge/http/page)

if(CPIS_PAGE)
  find_program(NODE node)
  find_program(NPM npm)
  if(NOT NODE OR NOT NPM)
    message(FATAL_ERROR "the tablet page needs node and npm (packaging/setup.sh installs them; -DCPIS_PAGE=OFF builds without the page)")
  endif()
  set(page_modules ${CMAKE_BINARY_DIR}/page)
  add_custom_command(
    OUTPUT ${page_modules}/installed
    COMMAND ${CMAKE_COMMAND} -E copy ${page_source}/package.json ${page_source}/package-lock.json ${page_source}/.npmrc ${page_modules}
    COMMAND ${NPM} ci --silent --ignore-scripts --prefer-offline
    COMMAND ${CMAKE_COMMAND} -E touch installed
    DEPENDS ${page_source}/package.json ${page_source}/package-lock.json ${page_source}/.npmrc
    WORKING_DIRECTORY ${page_modules}
    COMMENT "Fetching what the tablet page is built with"
    VERBATIM)
  file(MAKE_DIRECTORY ${page_modules})
  file(GLOB_RECURSE page_sources CONFIGURE_DEPENDS ${page_source}/*.html ${page_source}/*.js ${page_source}/*.css
       ${page_source}/*.scss ${page_source}/*.svg)
  add_custom_command(
    OUTPUT ${CPIS_PAGE_FILES}
    COMMAND ${NODE} ${page_source}/build.mjs ${page_modules} ${CPIS_PAGE_FILES}
    DEPENDS ${page_modules}/installed ${page_source}/build.mjs ${page_sources}
    COMMENT "Building the tablet page"
    VERBATIM)
else()
  file(CONFIGURE OUTPUT ${CPIS_PAGE_FILES} CONTENT [[
// Built with CPIS_PAGE=OFF.
#include "edge/http/page.h"
namespace cpis::edge::http {
std::span<const PageFile> PageFiles() { return {}; }
}  // namespace cpis::edge::http
]])
endif()
target_sources(cpis_edge_http PRIVATE ${CPIS_PAGE_FILES})
