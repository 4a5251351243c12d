# SPDX-License-Identifier: Apache-2.0
# The pure modules of the tablet page, in node's own test runner.
if(CPIS_PAGE)
  file(GLOB page_unit_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/browser/unit/*.test.mjs)
  add_test(NAME page_unit COMMAND ${NODE} --test ${page_unit_tests})
endif()
