# The tests that are not of one folder: the structure of the tree, and the programs together as real processes.

cpis_tests(structure structure)

file(GLOB e2e_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/e2e/*.cc)
list(FILTER e2e_sources EXCLUDE REGEX "/relay(_main)?\\.cc$")
add_library(e2e_relay_lib STATIC e2e/relay.cc)
target_include_directories(e2e_relay_lib PUBLIC ${CMAKE_SOURCE_DIR})
target_link_libraries(e2e_relay_lib PUBLIC Threads::Threads)
add_executable(e2e_relay e2e/relay_main.cc)
target_link_libraries(e2e_relay PRIVATE e2e_relay_lib)

add_executable(e2e_tests ${e2e_sources})
target_link_libraries(e2e_tests PRIVATE catch_main e2e_relay_lib cpis::sync_fleet cpis::sync_node Boost::json OpenSSL::SSL OpenSSL::Crypto)
target_sources(e2e_tests PRIVATE crypto/swtpm.cc)
target_compile_definitions(e2e_tests PRIVATE CPIS_BIN_DIR="${CMAKE_BINARY_DIR}/bin")
foreach(program cpis-edged cpis-fleetd cpisctl)
  if(TARGET ${program})
    add_dependencies(e2e_tests ${program})
  endif()
endforeach()

# Under the sanitizers more patience, and fewer kills.
set(e2e_environment "${patience}")
if(CPIS_SANITIZE)
  list(APPEND e2e_environment "CPIS_KILLS=20" "CPIS_OPERATIONS=1000")
endif()
set(e2e_subjects harness answers resolve sync attendance alerts enrolment key-store sign-in import numbers contract fhir privacy limits http-limits hostile markers kill keys audit wipe lan)
# What is in the memory of a daemon is asked of the one that is delivered: a sanitizer keeps what is freed, and maps terabytes.
if(NOT CPIS_SANITIZE)
  list(APPEND e2e_subjects memory markers-memory)
endif()
foreach(subject ${e2e_subjects})
  add_test(NAME e2e_${subject} COMMAND e2e_tests "[${subject}]")
  set_tests_properties(e2e_${subject} PROPERTIES ENVIRONMENT "${e2e_environment}" TIMEOUT 1200 LABELS e2e)
endforeach()
# It keeps both cores busy: beside it nothing could be told to arrive within two seconds.
set_tests_properties(e2e_kill PROPERTIES RUN_SERIAL ON)

# Schedules against a model, and bits that flip in the replica's file; under the sanitizers fewer of them.
cpis_tests(schedules schedules cpis::edge cpis::sync_fleet)
set(schedules 10000)
if(CPIS_SANITIZE)
  set(schedules 300)
endif()
set_tests_properties(schedules PROPERTIES ENVIRONMENT "${patience};CPIS_SCHEDULES=${schedules};CPIS_SEED=20261123" TIMEOUT 1800)

cpis_tests(fault fault cpis::edge)
target_sources(fault_tests PRIVATE edge/fleet_fixture.cc)
set(fault_flips 20000)
if(CPIS_SANITIZE)
  set(fault_flips 1000)
endif()
set_tests_properties(fault PROPERTIES ENVIRONMENT "${patience};CPIS_FLIPS=${fault_flips}" TIMEOUT 1200)

# Every parser that a thief or a peer can reach: seeded inputs here, and the same targets under libFuzzer with the preset "fuzz".
file(GLOB fuzz_targets CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/*targets.cc)
add_executable(fuzz_tests fuzz/fuzz_test.cc ${fuzz_targets})
target_link_libraries(fuzz_tests PRIVATE catch_main cpis::edge_http cpis::sync_fleet)
set(fuzz_inputs 20000)
if(CPIS_SANITIZE)
  set(fuzz_inputs 2000)
endif()
add_test(NAME fuzz COMMAND fuzz_tests)
set_tests_properties(fuzz PROPERTIES ENVIRONMENT "${patience};CPIS_FUZZ=${fuzz_inputs};CPIS_SEED=20261123" TIMEOUT 1200)
if(CPIS_LIBFUZZER)
  add_executable(libfuzzer_run fuzz/libfuzzer_main.cc ${fuzz_targets})
  target_link_libraries(libfuzzer_run PRIVATE cpis::edge_http cpis::sync_fleet -fsanitize=fuzzer,address,undefined)
endif()

# Leases against clocks that stop, jump and lie.
cpis_tests(clocks clocks cpis::edge)
set(clock_schedules 10000)
if(CPIS_SANITIZE)
  set(clock_schedules 1000)
endif()
set_tests_properties(clocks PROPERTIES ENVIRONMENT "${patience};CPIS_CLOCK_SCHEDULES=${clock_schedules};CPIS_SEED=20261123" TIMEOUT 600)

# What crews and ePCR applications see, in JavaScript: node runs the tests, and e2e_world keeps the real processes for them.
add_executable(e2e_world browser/world_main.cc e2e/authority_file.cc e2e/fleet.cc e2e/http_call.cc e2e/process.cc e2e/vehicle.cc)
target_link_libraries(e2e_world PRIVATE e2e_relay_lib Boost::json)
target_compile_definitions(e2e_world PRIVATE CPIS_BIN_DIR="${CMAKE_BINARY_DIR}/bin")
include(browser.cmake)
