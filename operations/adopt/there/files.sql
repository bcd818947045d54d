-- What the database says of media: how many, and how large. In S3 nothing else can be asked.
SELECT jsonb_build_object(
  'own', (SELECT jsonb_build_object('files', count(*), 'bytes', coalesce(sum(file_file_size), 0)) FROM media_attachments
    WHERE file_file_name IS NOT NULL AND remote_url = ''),
  'others', (SELECT jsonb_build_object('files', count(*), 'bytes', coalesce(sum(file_file_size), 0)) FROM media_attachments
    WHERE file_file_name IS NOT NULL AND remote_url <> ''),
  'pictures', (SELECT count(avatar_file_name) + count(header_file_name) FROM accounts) +
    (SELECT count(image_file_name) FROM custom_emojis) + (SELECT count(image_file_name) FROM preview_cards));
