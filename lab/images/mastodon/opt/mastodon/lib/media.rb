# frozen_string_literal: true

require "securerandom"
require "tmpdir"
require "sidekiq"
require_relative "databases"
require_relative "storage"
require_relative "transcoder"

# Uploads as Mastodon takes them (app/models/media_attachment.rb): web stores the file and a small picture of it; what is a
# video is a job's from there.
module Media
  EXTENSIONS = {
    "image/jpeg" => "jpg", "image/png" => "png",
    "video/mp4" => "mp4", "video/quicktime" => "mov", "video/webm" => "webm"
  }.freeze
  # VIDEO_CONVERTIBLE_MIME_TYPES: these are never copied as they are.
  CONVERTED = %w[video/webm video/quicktime].freeze
  PROCESSING = %w[queued in_progress complete failed].freeze
  # IMAGE_STYLES
  ORIGINAL_PIXELS = 8_294_400
  SMALL_PIXELS = 230_400

  class Unsupported < StandardError; end

  # id_partition of Paperclip.
  def self.key(id, style, name) = "media_attachments/files/#{format("%09d", id).scan(/\d{3}/).join("/")}/#{style}/#{name}"

  # An upload as Rack has it; the row's id.
  def self.create(upload)
    type = upload[:type]
    extension = EXTENSIONS.fetch(type) { raise Unsupported, "File content type is invalid: #{type}" }
    id = Integer(Databases.query("SELECT nextval('media_attachments_id_seq') AS id").first["id"])
    name = SecureRandom.hex(8)
    video = type.start_with?("video/")
    store(id, name, extension, upload[:tempfile].path, type, video)
    Databases.query("INSERT INTO media_attachments (id, file_file_name, file_content_type, processing) VALUES ($1, $2, $3, $4)",
                    [id, "#{name}.#{extension}", type, PROCESSING.index(video ? "queued" : "complete")])
    PostProcessMediaWorker.perform_async(id) if video
    id
  end

  def self.store(id, name, extension, path, type, video)
    metadata = Transcoder.metadata(path) or raise Unsupported, "File is not a picture or a video"
    raise Unsupported, "#{metadata.width}x#{metadata.height} videos are not supported" if video && metadata.pixels > Transcoder::MAX_PIXELS

    Dir.mktmpdir do |folder|
      small, original = ["small.#{video ? "png" : extension}", "original.#{extension}"].map { |file| File.join(folder, file) }
      video ? Transcoder.small(path, small) : Transcoder.picture(path, small, pixels: SMALL_PIXELS)
      Storage.put(key(id, "small", "#{name}#{File.extname(small)}"), small, video ? "image/png" : type)
      Transcoder.picture(path, original, pixels: ORIGINAL_PIXELS) unless video
      Storage.put(key(id, "original", "#{name}.#{extension}"), video ? path : original, type)
    end
  end

  # The original again, as a video that every browser plays.
  def self.reprocess(id)
    row = find(id)
    mark(id, "in_progress")
    before = row["file_file_name"]
    after = "#{File.basename(before, ".*")}.mp4"
    Dir.mktmpdir do |folder|
      original, video = %w[original video.mp4].map { |name| File.join(folder, name) }
      Storage.get(key(id, "original", before), original)
      Transcoder.video(original, video, Transcoder.metadata(original), convert: CONVERTED.include?(row["file_content_type"]))
      Storage.put(key(id, "original", after), video, "video/mp4")
    end
    Databases.query("UPDATE media_attachments SET file_file_name = $2, file_content_type = 'video/mp4' WHERE id = $1", [id, after])
    mark(id, "complete")
    Storage.delete(key(id, "original", before)) if before != after
  end

  def self.find(id) = Databases.query("SELECT * FROM media_attachments WHERE id = $1", [id]).first

  def self.mark(id, state)
    Databases.query("UPDATE media_attachments SET processing = $2 WHERE id = $1", [id, PROCESSING.index(state)])
  end

  def self.state(row) = PROCESSING.fetch(Integer(row["processing"]))
  def self.failed?(row) = state(row) == "failed"
  def self.small(row) = row["file_content_type"].start_with?("video/") ? "#{File.basename(row["file_file_name"], ".*")}.png" : row["file_file_name"]

  # As the API shows it: without an address until it can be watched.
  def self.json(row)
    id, name, type = Integer(row["id"]), row["file_file_name"], row["file_content_type"]
    { id: id.to_s, type: type.split("/").first, url: state(row) == "complete" ? Storage.url(key(id, "original", name)) : nil,
      preview_url: Storage.url(key(id, "small", small(row))) }
  end
end

# mastodon/mastodon:app/workers/post_process_media_worker.rb
class PostProcessMediaWorker
  include Sidekiq::Job
  sidekiq_options queue: "default", retry: 1, dead: false
  sidekiq_retries_exhausted { |job| Media.mark(job["args"].first, "failed") }

  def perform(id) = Media.reprocess(id)
end
