# frozen_string_literal: true

require "open3"

# ffmpeg with Mastodon's arguments (lib/paperclip/transcoder.rb, app/models/media_attachment.rb).
module Transcoder
  PROGRAM = ENV.fetch("FFMPEG_BINARY", "ffmpeg")
  SIZE_LIMIT_BITS = 99 * 1024 * 1024 * 8
  BITS_PER_PIXEL = 0.11
  MAX_FRAME_RATE = 120
  MAX_FRAMES = 36_000
  MAX_PIXELS = 3840 * 2160
  # VIDEO_STYLES[:small]
  SMALL = { "loglevel" => "fatal", "vf" => "scale='min(640\\, iw):min(640\\, ih)':force_original_aspect_ratio=decrease",
            "f" => "image2", "vframes" => 1 }.freeze
  # VIDEO_FORMAT
  VIDEO = { "loglevel" => "fatal", "preset" => "veryfast", "movflags" => "faststart", "pix_fmt" => "yuv420p",
            "vf" => "crop=floor(iw/2)*2:floor(ih/2)*2", "c:v" => "h264", "c:a" => "aac", "b:a" => "192k",
            "map_metadata" => "-1", "frames:v" => MAX_FRAMES }.freeze
  # VIDEO_PASSTHROUGH_OPTIONS
  COPY = { "loglevel" => "fatal", "map_metadata" => "-1", "movflags" => "faststart", "c:v" => "copy", "c:a" => "copy" }.freeze

  Metadata = Struct.new(:video_codec, :audio_codec, :colorspace, :width, :height, :frame_rate, :duration) do
    def pixels = width * height

    def passes_through? = video_codec == "h264" && ["aac", nil].include?(audio_codec) && %w[yuv420p yuvj420p].include?(colorspace)
  end

  # nil of what is no picture and no video. Without a file to write ffmpeg tells what it has read, and ends with 1.
  def self.metadata(path)
    text, = Open3.capture2e(PROGRAM, "-nostdin", "-hide_banner", "-i", path)
    video = text[/Video: .*/] or return
    width, height = video[/ (\d{2,}x\d{2,})/, 1].split("x").map(&:to_i)
    hours, minutes, seconds = text.match(/Duration: (\d+):(\d+):([\d.]+)/)&.captures&.map(&:to_f) || [0, 0, 0]
    Metadata.new(video[/Video: (\w+)/, 1], text[/Audio: (\w+)/, 1], video[/, (\w+)(\(|,)/, 1], width, height,
                 video[/([\d.]+) fps/, 1].to_f, (hours * 60 + minutes) * 60 + seconds)
  end

  # What every browser plays.
  def self.video(from, to, metadata, convert:)
    run(from, !convert && metadata.passes_through? ? COPY : VIDEO.merge(bitrate(metadata)), to)
  end

  def self.small(from, to) = run(from, SMALL, to, "ss" => 0)

  # A picture again, without what the camera wrote into it, and of so many pixels at most.
  def self.picture(from, to, pixels:)
    size = metadata(from)
    scale = [Math.sqrt(pixels.to_f / size.pixels), 1].min
    width, height = [size.width, size.height].map { |side| (side * scale).floor }
    run(from, { "loglevel" => "fatal", "map_metadata" => "-1", "vf" => "scale=#{width}:#{height}", "q:v" => 3, "compression_level" => 9, "frames:v" => 1 }, to)
  end

  def self.bitrate(metadata)
    desired = (metadata.pixels * 30 * BITS_PER_PIXEL).floor
    rate = [desired, (SIZE_LIMIT_BITS / [metadata.duration, 1].max).floor - 192_000].min
    rates = { "b:v" => rate, "maxrate" => rate + 192_000, "bufsize" => rate * 5 }
    metadata.frame_rate > MAX_FRAME_RATE ? rates.merge("vsync" => "vfr") : rates
  end

  def self.run(from, output, to, input = {})
    arguments = ->(options) { options.flat_map { |name, value| ["-#{name}", value.to_s] } }
    said, status = Open3.capture2e(PROGRAM, "-nostdin", *arguments.(input), "-i", from, *arguments.(output), "-y", to)
    raise "Error while transcoding #{File.basename(from)}: #{status}: #{said}" unless status.success?
  end
end
