# Benchmarks are programs for a person to run; none is a test, because time on a shared machine proves nothing by itself.
add_executable(storage_bench bench/storage_bench.cc)
target_link_libraries(storage_bench PRIVATE cpis::edge)

add_executable(england_bench bench/england_bench.cc)
target_link_libraries(england_bench PRIVATE cpis::sync)

add_executable(node_bench bench/node_bench.cc bench/seed.cc e2e/authority_file.cc e2e/fleet.cc e2e/http_call.cc e2e/process.cc
                          e2e/vehicle.cc)
target_link_libraries(node_bench PRIVATE cpis::sync_fleet e2e_relay_lib)
target_compile_definitions(node_bench PRIVATE CPIS_BIN_DIR="${CMAKE_BINARY_DIR}/bin")

add_executable(http_bench bench/http_bench.cc)
target_link_libraries(http_bench PRIVATE cpis::platform)
