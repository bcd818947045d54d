# frozen_string_literal: true

# What loading Rails and Mastodon's code costs the real processes, in CPU and in memory: the stand-ins have next to none of either.
module Boot
  MIB = 1 << 20

  # Until this process has taken the CPU of a boot, and is as large as one that has all code loaded.
  # Signals do what they do before Sidekiq or Puma has its own handlers: this is where the real ones load Rails.
  def self.load(resident_mib:)
    grow(resident_mib - resident)
    Math.sqrt(2) while Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID) < Float(ENV.fetch("STAND_IN_BOOT_CPU_SECONDS"))
  end

  # By that many MiB that stay.
  def self.grow(mib)
    (@code ||= []).concat(Array.new([mib, 0].max) { "x" * MIB })
  end

  def self.resident = File.read("/proc/self/status")[/^VmRSS:\s+(\d+)/, 1].to_i / 1024
end
