# The browser and client tests (tests/browser). Their npm packages are of the tests alone; node and npm are those that the page is built
# with (edge/http/page/page.cmake).
if(NOT CPIS_PAGE)
  message(STATUS "CPIS_PAGE=OFF: without node, the browser and client tests are left out")
  return()
endif()
set(browser ${CMAKE_CURRENT_SOURCE_DIR}/browser)
set(browser_modules ${browser}/node_modules/.package-lock.json)
add_custom_command(OUTPUT ${browser_modules}
  COMMAND ${NPM} ci --silent --no-audit --no-fund --ignore-scripts
  COMMAND ${CMAKE_COMMAND} -E touch ${browser_modules}
  DEPENDS ${browser}/package.json ${browser}/package-lock.json WORKING_DIRECTORY ${browser} VERBATIM)
add_custom_target(browser_modules ALL DEPENDS ${browser_modules})

# One program of node's own test runner for each folder of tests/browser that has tests.
function(cpis_browser_tests folder)
  file(GLOB tests CONFIGURE_DEPENDS ${browser}/${folder}/*.test.mjs)
  if(NOT tests)
    return()
  endif()
  add_test(NAME browser_${folder} COMMAND ${NODE} --test --test-reporter=spec ${tests} WORKING_DIRECTORY ${browser})
  set_tests_properties(browser_${folder} PROPERTIES ENVIRONMENT "CPIS_BIN_DIR=${CMAKE_BINARY_DIR}/bin;CPIS_PICTURES=${CMAKE_BINARY_DIR}/pictures" TIMEOUT 900 LABELS browser)
endfunction()
cpis_browser_tests(unit)
# What the page and its API say is asked of the delivered build; the daemons under the sanitizers are asked by the C++ tests.
if(NOT CPIS_SANITIZE)
  cpis_browser_tests(fhir)
  cpis_browser_tests(page)
endif()
