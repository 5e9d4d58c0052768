function(need name)
  find_package(${name} REQUIRED)
endfunction()
need(Pricing)
